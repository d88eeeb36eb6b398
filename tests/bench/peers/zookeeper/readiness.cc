#include <chrono>
#include <cstring>
#include <optional>
#include <string_view>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/peers/zookeeper/workloads.h"

namespace holdfast::bench::zookeeper {
namespace {

constexpr auto kBetweenAttempts = std::chrono::milliseconds(1);
constexpr timeval kPatience{.tv_sec = 0, .tv_usec = 50'000};
constexpr std::uint32_t kGetData = 4;
constexpr std::uint32_t kFrameBytesMax = 1 << 20;
constexpr std::size_t kReplyErrorAt = 12;  // After the number of the request and the zxid.
constexpr std::size_t kReplyContentsAt = 20;

// A connection that speaks ZooKeeper's own protocol.
class RawConnection {
 public:
  explicit RawConnection(const sockaddr_in& address) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
    sockaddr where{};
    std::memcpy(&where, &address, sizeof where);
    is_open_ = connect(fd_, &where, sizeof where) == 0;
  }
  ~RawConnection() { close(fd_); }
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;

  bool is_open() const { return is_open_; }

  std::optional<std::string> ask(const std::string& request) {
    std::string frame;
    append(frame, static_cast<std::uint32_t>(request.size()));
    frame += request;
    if (write(fd_, frame.data(), frame.size()) != static_cast<ssize_t>(frame.size())) {
      return std::nullopt;
    }
    std::uint32_t size = 0;
    if (!read_whole(&size, sizeof size)) return std::nullopt;
    size = ntohl(size);
    if (size > kFrameBytesMax) return std::nullopt;
    std::string reply(size, '\0');
    if (!read_whole(reply.data(), reply.size())) return std::nullopt;
    return reply;
  }

  static void append(std::string& bytes, std::uint32_t value) {
    value = htonl(value);
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);  // NOLINT
  }

 private:
  bool read_whole(void* to, std::size_t size) {
    return recv(fd_, to, size, MSG_WAITALL) == static_cast<ssize_t>(size);
  }

  int fd_;
  bool is_open_ = false;
};

// Protocol version, last zxid, time-out, no session yet, no password, not read-only.
std::string session_request() {
  std::string request;
  constexpr std::uint32_t kTimeoutMs = 10'000;
  constexpr std::uint32_t kPasswordBytes = 16;
  for (const std::uint32_t word : {0U, 0U, 0U, kTimeoutMs, 0U, 0U, kPasswordBytes}) {
    RawConnection::append(request, word);
  }
  request.append(kPasswordBytes + 1, '\0');
  return request;
}

std::string read_request(const std::string& path) {
  std::string request;
  RawConnection::append(request, 1);
  RawConnection::append(request, kGetData);
  RawConnection::append(request, static_cast<std::uint32_t>(path.size()));
  request += path + '\0';
  return request;
}

std::uint32_t word_at(const std::string& bytes, std::size_t place) {
  if (bytes.size() < place + sizeof(std::uint32_t)) give_up("a reply is too short");
  std::uint32_t value = 0;
  std::memcpy(&value, bytes.data() + place, sizeof value);
  return ntohl(value);
}

// The answer to the read, if the server was there and served.
std::optional<std::string> attempt(const sockaddr_in& address, const std::string& path) {
  RawConnection connection(address);
  if (!connection.is_open() || !connection.ask(session_request())) return std::nullopt;
  std::optional<std::string> reply = connection.ask(read_request(path));
  if (!reply || word_at(*reply, kReplyErrorAt) != 0) return std::nullopt;
  return reply;
}

sockaddr_in address_of(const std::string& endpoint) {
  const std::size_t colon = endpoint.rfind(':');
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(endpoint.substr(colon + 1))));
  if (inet_pton(AF_INET, endpoint.substr(0, colon).c_str(), &address.sin_addr) != 1) {
    give_up("not an address: " + endpoint);
  }
  return address;
}

}  // namespace

Figures wait_for_service(const Plan& plan) {
  Figures waiting;
  waiting.add("waiting", true);
  waiting.print();
  const sockaddr_in address = address_of(plan.endpoints.front());
  const Nanoseconds end = now_ns() + to_ns(plan.limit_s);
  std::optional<std::string> reply;
  std::int64_t attempts = 0;
  for (; !reply; ++attempts) {
    if (now_ns() > end) give_up("it does not serve in time");
    reply = attempt(address, plan.path);
    if (!reply) std::this_thread::sleep_for(kBetweenAttempts);
  }
  const std::int64_t served_at = std::chrono::duration_cast<std::chrono::nanoseconds>(
                                     std::chrono::system_clock::now().time_since_epoch())
                                     .count();
  Figures figures;
  figures.add("served_at_unix_ns", served_at);
  figures.add("attempts", attempts);
  const std::string_view read =
      std::string_view(*reply).substr(std::min(kReplyContentsAt, reply->size()));
  const bool is_right =
      plan.value_bytes == 0 || read.starts_with(value_for(plan.path, plan.value_bytes));
  if (!is_right) figures.add("failed", std::string("other contents than were written"));
  return figures;
}

}  // namespace holdfast::bench::zookeeper
