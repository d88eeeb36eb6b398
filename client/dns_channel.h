#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/descriptor_base.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "zab/base/status.h"

struct ares_channeldata;

namespace holdfast::client {

// Questions to DNS by c-ares, whose sockets and timers Asio waits for. Everything happens on the
// executor, which runs one thing at a time; nothing blocks but the reading of resolv.conf and of
// /etc/hosts. Made for one lookup, so that a resolv.conf that has changed is seen by the next one.
class DnsChannel : public std::enable_shared_from_this<DnsChannel> {
 public:
  struct Service {
    std::string target;  // Empty: the service is not offered.
    std::uint16_t port = 0;
    std::uint16_t priority = 0;
    std::uint16_t weight = 0;
  };
  using Services = std::function<void(Result<std::vector<Service>>)>;
  using Addresses = std::function<void(Result<std::vector<std::string>>)>;

  // `servers` are asked instead of those of resolv.conf; may be empty. kUnavailable if c-ares
  // cannot be set up.
  static Result<std::shared_ptr<DnsChannel>> make(boost::asio::any_io_executor executor,
                                                  const std::vector<std::string>& servers);
  explicit DnsChannel(boost::asio::any_io_executor executor);
  DnsChannel(const DnsChannel&) = delete;
  DnsChannel& operator=(const DnsChannel&) = delete;
  ~DnsChannel();

  // Each is answered once, possibly before it returns; with a failure at the latest by close().
  void find_services(const std::string& name, Services done);
  // Of the files and of DNS; as "10.0.0.1:7101".
  void find_addresses(const std::string& host, std::uint16_t port, Addresses done);

  // Not within an answer. What is open fails; nothing is asked any more.
  void close();

 private:
  struct Socket {
    explicit Socket(boost::asio::posix::stream_descriptor to_wait_for)
        : descriptor(std::move(to_wait_for)) {}
    boost::asio::posix::stream_descriptor descriptor;
    bool wants_read = false;
    bool wants_write = false;
    bool waits_to_read = false;
    bool waits_to_write = false;
  };
  using Wait = boost::asio::posix::descriptor_base::wait_type;

  static void on_socket(void* self, int socket, int readable, int writable);
  Status set_up(const std::vector<std::string>& servers);
  void arm(int number, const std::shared_ptr<Socket>& socket);
  void wait(int number, const std::shared_ptr<Socket>& socket, Wait what);
  void process(int readable, int writable);
  void arm_timer();

  boost::asio::any_io_executor executor_;
  boost::asio::steady_timer timer_;
  ares_channeldata* channel_ = nullptr;
  std::map<int, std::shared_ptr<Socket>> sockets_;  // Those that c-ares has open.
};

}  // namespace holdfast::client
