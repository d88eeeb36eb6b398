#pragma once

#include <optional>
#include <string>

#include "zab/base/ids.h"
#include "zab/message.h"

namespace holdfast::replica {

// What a replica wants of the network between replicas. Nothing here blocks or calls back before it
// returns; results come as PeerEvents on the strand.
class Transport {
 public:
  virtual ~Transport() = default;

  // Election channel: the newest notification for a peer replaces an unsent older one.
  virtual void notify(ServerId to, const zab::Notification& notification) = 0;
  // Leader channel.
  virtual void dial(DialId dial, ServerId to) = 0;
  // In order for each connection. Several messages sent before flush() go out in one write.
  virtual void send(ConnId conn, zab::Message message) = 0;
  virtual void close(ConnId conn, const std::string& reason) = 0;
  // A commit alone may be kept until there is more to say, for a moment: the replica calls this at
  // each tick too.
  virtual void flush() = 0;
};

// What the network tells the replica; implemented by Replica, called on the strand.
class PeerEvents {
 public:
  virtual ~PeerEvents() = default;
  virtual void on_notification(const zab::Notification& notification) = 0;
  virtual void on_peer_refused(ServerId peer) = 0;
  virtual void on_accept(ConnId conn) = 0;
  virtual void on_dial_result(DialId dial, std::optional<ConnId> conn) = 0;
  virtual void on_closed(ConnId conn) = 0;
  virtual void on_message(ConnId conn, zab::Message message) = 0;
  // All that could be read at this moment has been given: the replica drains now.
  virtual void on_idle() = 0;
};

}  // namespace holdfast::replica
