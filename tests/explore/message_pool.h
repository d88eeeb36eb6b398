#pragma once

#include <cstdint>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "zab/message.h"

namespace holdfast::explore {

using MessageId = std::uint32_t;

// Every message that was ever sent, once. Who sent it is said by the connection on which it lies,
// and is no part of it here: so that messages are equal which differ only by an exchange of
// replicas.
class MessagePool {
 public:
  MessageId intern(zab::Message message);
  const zab::Message& at(MessageId id) const { return messages_[id].message; }
  // As it comes from this sender.
  zab::Message from(ServerId sender, MessageId id) const;
  std::uint64_t hash(MessageId id) const { return messages_[id].hash; }
  std::size_t size() const { return messages_.size(); }

 private:
  struct Known {
    zab::Message message;
    std::uint64_t hash = 0;
  };

  std::vector<Known> messages_;
  boost::unordered_flat_map<std::uint64_t, MessageId> ids_;
};

}  // namespace holdfast::explore
