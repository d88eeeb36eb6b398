#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>

#include "zab/base/random.h"

namespace holdfast::client::test {

// A DNS server on a free port of this machine. Its members may be called from the test's thread at
// any time.
class FakeDns {
 public:
  static constexpr std::uint16_t kA = 1;
  static constexpr std::uint16_t kAaaa = 28;
  static constexpr std::uint16_t kSrv = 33;

  FakeDns();
  ~FakeDns();
  FakeDns(const FakeDns&) = delete;
  FakeDns& operator=(const FakeDns&) = delete;

  std::string endpoint() const;

  void add_address(const std::string& name, const std::string& address);
  void add_service(const std::string& domain, std::uint16_t priority, std::uint16_t weight,
                   std::uint16_t port, const std::string& target);
  void add_empty(const std::string& name);  // Exists, and has nothing.
  void set_silent(bool silent) { is_silent_ = silent; }
  // From now on a few bytes of each answer are wrong, or missing; a failure follows, lest it is
  // waited for long.
  void damage(std::uint64_t seed);

 private:
  using Key = std::pair<std::string, std::uint16_t>;

  void receive();
  void answer(const std::string& question);
  std::string answer_to(const std::string& question);
  std::string damaged(std::string answer);
  void send(const std::string& answer);

  boost::asio::io_context io_{1};
  boost::asio::ip::udp::socket socket_;
  boost::asio::ip::udp::endpoint sender_;
  std::string incoming_;
  std::atomic<bool> is_silent_ = false;
  std::mutex mutex_;  // For what follows.
  std::map<Key, std::vector<std::string>> records_;
  std::optional<Random> damage_;
  std::thread thread_;
};

}  // namespace holdfast::client::test
