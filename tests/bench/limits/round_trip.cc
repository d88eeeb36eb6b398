#include <array>
#include <cstring>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/limits/limits.h"

namespace holdfast::bench {
namespace {

constexpr std::size_t kBytes = 100;

void check(bool holds, const char* what) {
  if (!holds) give_up(std::string(what) + ": " + std::strerror(errno));
}

void send_at_once(int connection) {
  const int on = 1;
  check(setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0, "TCP_NODELAY");
}

struct Listener {
  int fd = -1;
  sockaddr address{};
};

Listener listen_on_loopback() {
  Listener listener{.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in any_port{};
  any_port.sin_family = AF_INET;
  any_port.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::memcpy(&listener.address, &any_port, sizeof any_port);
  socklen_t size = sizeof listener.address;
  check(bind(listener.fd, &listener.address, size) == 0, "bind");
  check(listen(listener.fd, 1) == 0, "listen");
  check(getsockname(listener.fd, &listener.address, &size) == 0, "getsockname");
  return listener;
}

// As a server does it: waits for input, reads, answers.
void answer_until_closed(int listener) {
  const int connection = accept(listener, nullptr, nullptr);
  check(connection >= 0, "accept");
  send_at_once(connection);
  const int poll = epoll_create1(0);
  epoll_event wanted{};
  wanted.events = EPOLLIN;
  check(epoll_ctl(poll, EPOLL_CTL_ADD, connection, &wanted) == 0, "epoll_ctl");
  std::array<char, kBytes> bytes;
  for (;;) {
    epoll_event event{};
    epoll_wait(poll, &event, 1, -1);
    const ssize_t count = read(connection, bytes.data(), bytes.size());
    if (count <= 0) return;
    check(write(connection, bytes.data(), static_cast<std::size_t>(count)) == count, "write");
  }
}

}  // namespace

Latencies measure_round_trip(Nanoseconds time) {
  const Listener listener = listen_on_loopback();
  const pid_t child = fork();
  check(child >= 0, "fork");
  if (child == 0) {
    answer_until_closed(listener.fd);
    _exit(0);
  }
  const int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  check(connect(connection, &listener.address, sizeof listener.address) == 0, "connect");
  send_at_once(connection);
  Latencies all;
  std::array<char, kBytes> bytes{};
  const Nanoseconds end = now_ns() + time;
  for (Nanoseconds begun_at = now_ns(); begun_at < end;) {
    check(write(connection, bytes.data(), bytes.size()) == kBytes, "write");
    check(recv(connection, bytes.data(), bytes.size(), MSG_WAITALL) == kBytes, "recv");
    const Nanoseconds now = now_ns();
    all.add(now - begun_at);
    begun_at = now;
  }
  close(connection);
  close(listener.fd);
  waitpid(child, nullptr, 0);
  return all;
}

}  // namespace holdfast::bench
