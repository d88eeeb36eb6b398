#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "thrift/frame.h"
#include "zab/base/status.h"

namespace holdfast::net {

// One established TCP connection that carries frames both ways. Lives on the strand. Its owner
// holds a shared_ptr; so does each operation under way, so it goes when it is closed and the last
// operation has come back.
class PeerConnection : public std::enable_shared_from_this<PeerConnection> {
 public:
  struct Handlers {
    // A whole frame. A failure it answers closes the connection with that reason.
    std::function<Status(std::string_view frame)> on_frame;
    // What could be read at this moment has been given.
    std::function<void()> on_read_done;
    // The connection is gone, by the peer, by an error, or for a failure of on_frame; not called
    // after close().
    std::function<void(const std::string& reason)> on_closed;
    // Everything that was queued has been handed to the kernel. May be empty.
    std::function<void()> on_drained;
  };

  explicit PeerConnection(boost::asio::ip::tcp::socket socket);

  void start(Handlers handlers);
  // Replaces who hears of frames; used when a handshake has ended. The frames after the one being
  // handled go to the new handlers.
  void set_handlers(Handlers handlers);

  void queue(std::string_view frame);  // Sent by the next flush().
  void flush();
  bool is_writing() const { return writing_; }
  std::size_t unsent_bytes() const { return unsent_bytes_; }
  // Closes at once, without a word to the handlers. What is queued is lost.
  void close();
  // Sends what is queued, then closes.
  void close_after_writing();
  bool is_open() const { return open_; }

 private:
  void read();
  void on_bytes(std::size_t bytes);
  void fail(const std::string& reason);

  boost::asio::ip::tcp::socket socket_;
  std::shared_ptr<Handlers> handlers_;
  FrameReader reader_;
  std::array<char, 64 * 1024> in_{};
  std::string queued_;  // Frames not yet given to the kernel.
  std::string writing_bytes_;
  std::size_t unsent_bytes_ = 0;
  bool writing_ = false;
  bool open_ = true;
  bool close_when_written_ = false;
};

}  // namespace holdfast::net
