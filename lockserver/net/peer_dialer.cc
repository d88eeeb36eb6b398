#include "lockserver/net/peer_dialer.h"

#include <utility>
#include <variant>

#include <boost/asio/connect.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>

#include "lockserver/net/handshake.h"
#include "lockserver/net/peer_codec.h"

namespace holdfast::net {
namespace {

using boost::asio::ip::tcp;

class Dialing : public std::enable_shared_from_this<Dialing> {
 public:
  Dialing(boost::asio::io_context& io, peer::Hello hello, std::function<void(DialOutcome)> done)
      : resolver_(io), socket_(io), timer_(io), hello_(std::move(hello)), done_(std::move(done)) {}

  void start(const DialTarget& target, std::chrono::milliseconds timeout) {
    timer_.expires_after(timeout);
    timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
      if (!error) self->finish({.failure = "no answer in time"});
    });
    resolver_.async_resolve(
        target.host, std::to_string(target.port),
        [self = shared_from_this()](boost::system::error_code error,
                                    const tcp::resolver::results_type& found) {
          if (!self->done_) return;
          if (error) return self->finish({.failure = "its name is not known: " + error.message()});
          self->found_ = found;
          self->connect(found);
        });
  }

 private:
  void connect(const tcp::resolver::results_type& found) {
    boost::asio::async_connect(
        socket_, found,
        [self = shared_from_this()](boost::system::error_code error, const tcp::endpoint&) {
          if (!self->done_) return;
          if (error) {
            return self->finish({.refused = error == boost::asio::error::connection_refused,
                                 .failure = error.message()});
          }
          self->greet();
        });
  }

  void greet() {
    connection_ = std::make_shared<PeerConnection>(std::move(socket_));
    connection_->start({.on_frame = [self = shared_from_this()](
                                        std::string_view frame) { return self->on_welcome(frame); },
                        .on_read_done = {},
                        .on_closed = [self = shared_from_this()](
                                         const std::string& reason) { self->on_broken(reason); },
                        .on_drained = {}});
    connection_->queue(encode_peer_frame(hello_));
    connection_->flush();
  }

  // A process that is being killed takes connections for a moment without answering them. The
  // second try finds out whether anybody is there.
  void on_broken(const std::string& reason) {
    if (!done_) return;
    if (has_retried_) return finish({.failure = "closed before its welcome: " + reason});
    has_retried_ = true;
    connection_.reset();
    socket_ = tcp::socket(resolver_.get_executor());
    connect(found_);
  }

  Status on_welcome(std::string_view bytes) {
    Result<PeerFrame> frame = decode_peer_frame(bytes);
    if (!frame.ok()) return frame.status();
    PeerFrame value = std::move(frame).value();
    auto* welcome = std::get_if<peer::Welcome>(&value);
    if (welcome == nullptr) return {StatusCode::kInvalid, "its first frame is no WELCOME"};
    if (!welcome->refusal.empty()) {
      connection_->close();
      finish({.failure = words_of(*welcome)});
      return {};
    }
    if (Status fits = check_welcome(*welcome); !fits.ok()) return fits;
    finish({.connection = std::move(connection_), .welcome = std::move(*welcome)});
    return {};
  }

  void finish(DialOutcome outcome) {
    if (!done_) return;
    // Moved out first, because it may hold the last reference to what we belong to.
    const auto done = std::exchange(done_, nullptr);
    timer_.cancel();
    resolver_.cancel();
    boost::system::error_code ignored;
    socket_.close(ignored);
    if (connection_ && !outcome.connection) connection_->close();
    connection_.reset();
    done(std::move(outcome));
  }

  tcp::resolver resolver_;
  tcp::resolver::results_type found_;
  bool has_retried_ = false;
  tcp::socket socket_;
  boost::asio::steady_timer timer_;
  peer::Hello hello_;
  std::function<void(DialOutcome)> done_;
  std::shared_ptr<PeerConnection> connection_;
};

}  // namespace

void dial_peer(boost::asio::io_context& io, const DialTarget& target, const peer::Hello& hello,
               std::chrono::milliseconds timeout, std::function<void(DialOutcome)> done) {
  std::make_shared<Dialing>(io, hello, std::move(done))->start(target, timeout);
}

}  // namespace holdfast::net
