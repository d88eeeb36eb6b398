#include "client/dns_channel.h"

#include <array>
#include <chrono>
#include <utility>

#include <ares.h>
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netinet/in.h>
#include <sys/time.h>

#include "client/endpoint.h"

namespace holdfast::client {
namespace {

// Of the first question to each server; doubled each time that all of them were asked.
constexpr int kAnswerMs = 500;
constexpr int kTries = 3;

std::string comma_separated(const std::vector<std::string>& items) {
  std::string out;
  for (const std::string& item : items) out += (out.empty() ? "" : ",") + item;
  return out;
}

Status failure(const std::string& name, const char* what, int status) {
  std::string why = ares_strerror(status);
  if (status == ARES_ENOTFOUND) why = "there is no such name";
  if (status == ARES_ENODATA) why = std::string("the name has no ") + what;
  if (status == ARES_ETIMEOUT || status == ARES_ECANCELLED || status == ARES_EDESTRUCTION) {
    why = "no DNS server answered in time";
  }
  if (status == ARES_EBADRESP) why = "the answer of DNS is malformed";
  return {StatusCode::kUnavailable, name + ": " + why};
}

std::string address_text(const ares_addrinfo_node& node, std::uint16_t port) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* bytes = nullptr;
  if (node.ai_family == AF_INET) {
    bytes = &reinterpret_cast<const sockaddr_in*>(node.ai_addr)->sin_addr;
  } else if (node.ai_family == AF_INET6) {
    bytes = &reinterpret_cast<const sockaddr_in6*>(node.ai_addr)->sin6_addr;
  }
  if (bytes == nullptr || inet_ntop(node.ai_family, bytes, text.data(), text.size()) == nullptr) {
    return {};
  }
  return host_and_port(text.data(), port);
}

struct ServicesAsk {
  std::string name;
  DnsChannel::Services done;
};

void on_services(void* arg, int status, int, unsigned char* bytes, int size) {
  const std::unique_ptr<ServicesAsk> ask(static_cast<ServicesAsk*>(arg));
  ares_srv_reply* first = nullptr;
  if (status == ARES_SUCCESS) status = ares_parse_srv_reply(bytes, size, &first);
  const std::unique_ptr<ares_srv_reply, void (*)(void*)> reply(first, ares_free_data);
  if (status != ARES_SUCCESS) return ask->done(failure(ask->name, "SRV records", status));
  std::vector<DnsChannel::Service> found;
  for (const ares_srv_reply* record = reply.get(); record != nullptr; record = record->next) {
    std::string target = record->host == nullptr ? "" : record->host;
    if (target == ".") target.clear();
    found.push_back({.target = std::move(target),
                     .port = record->port,
                     .priority = record->priority,
                     .weight = record->weight});
  }
  ask->done(std::move(found));
}

struct AddressesAsk {
  std::string host;
  std::uint16_t port = 0;
  DnsChannel::Addresses done;
};

void on_addresses(void* arg, int status, int, ares_addrinfo* first) {
  const std::unique_ptr<AddressesAsk> ask(static_cast<AddressesAsk*>(arg));
  const std::unique_ptr<ares_addrinfo, void (*)(ares_addrinfo*)> reply(first, ares_freeaddrinfo);
  if (status != ARES_SUCCESS) return ask->done(failure(ask->host, "address", status));
  std::vector<std::string> found;
  for (const ares_addrinfo_node* node = reply == nullptr ? nullptr : reply->nodes; node != nullptr;
       node = node->ai_next) {
    std::string text = address_text(*node, ask->port);
    if (!text.empty()) found.push_back(std::move(text));
  }
  if (found.empty()) return ask->done(failure(ask->host, "address", ARES_ENODATA));
  ask->done(std::move(found));
}

}  // namespace

Result<std::shared_ptr<DnsChannel>> DnsChannel::make(boost::asio::any_io_executor executor,
                                                     const std::vector<std::string>& servers) {
  auto channel = std::make_shared<DnsChannel>(std::move(executor));
  const Status made = channel->set_up(servers);
  if (!made.ok()) return made;
  return channel;
}

DnsChannel::DnsChannel(boost::asio::any_io_executor executor)
    : executor_(std::move(executor)), timer_(executor_) {}

DnsChannel::~DnsChannel() {
  close();
}

Status DnsChannel::set_up(const std::vector<std::string>& servers) {
  // Never taken back: the program may use c-ares itself.
  static const int kLibrary = ares_library_init(ARES_LIB_INIT_ALL);
  ares_options options{};
  options.timeout = kAnswerMs;
  options.tries = kTries;
  options.sock_state_cb = &DnsChannel::on_socket;
  options.sock_state_cb_data = this;
  const int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;
  int status = kLibrary;
  if (status == ARES_SUCCESS) status = ares_init_options(&channel_, &options, mask);
  if (status == ARES_SUCCESS && !servers.empty()) {
    status = ares_set_servers_ports_csv(channel_, comma_separated(servers).c_str());
  }
  if (status == ARES_SUCCESS) return {};
  return {StatusCode::kUnavailable, std::string("DNS cannot be asked: ") + ares_strerror(status)};
}

void DnsChannel::find_services(const std::string& name, Services done) {
  auto ask = std::make_unique<ServicesAsk>(ServicesAsk{.name = name, .done = std::move(done)});
  ares_search(channel_, name.c_str(), ns_c_in, ns_t_srv, on_services, ask.release());
  arm_timer();
}

void DnsChannel::find_addresses(const std::string& host, std::uint16_t port, Addresses done) {
  auto ask = std::make_unique<AddressesAsk>(
      AddressesAsk{.host = host, .port = port, .done = std::move(done)});
  ares_addrinfo_hints hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = ARES_AI_NOSORT;  // They are tried in an order of our own.
  ares_getaddrinfo(channel_, host.c_str(), nullptr, &hints, on_addresses, ask.release());
  arm_timer();
}

void DnsChannel::close() {
  if (channel_ == nullptr) return;
  ares_destroy(std::exchange(channel_, nullptr));
  timer_.cancel();
}

// c-ares opens and closes its sockets itself, and says here what it waits for; for nothing: it is
// about to close that one.
void DnsChannel::on_socket(void* self, int number, int readable, int writable) {
  auto& channel = *static_cast<DnsChannel*>(self);
  auto found = channel.sockets_.find(number);
  if (readable == 0 && writable == 0) {
    if (found == channel.sockets_.end()) return;
    found->second->descriptor.release();
    channel.sockets_.erase(found);
    return;
  }
  if (found == channel.sockets_.end()) {
    auto socket =
        std::make_shared<Socket>(boost::asio::posix::stream_descriptor(channel.executor_, number));
    found = channel.sockets_.emplace(number, std::move(socket)).first;
  }
  found->second->wants_read = readable != 0;
  found->second->wants_write = writable != 0;
  channel.arm(number, found->second);
}

void DnsChannel::arm(int number, const std::shared_ptr<Socket>& socket) {
  if (socket->wants_read && !std::exchange(socket->waits_to_read, true)) {
    wait(number, socket, Wait::wait_read);
  }
  if (socket->wants_write && !std::exchange(socket->waits_to_write, true)) {
    wait(number, socket, Wait::wait_write);
  }
}

void DnsChannel::wait(int number, const std::shared_ptr<Socket>& socket, Wait what) {
  socket->descriptor.async_wait(
      what, [self = shared_from_this(), number, socket, what](boost::system::error_code failure) {
        const bool is_read = what == Wait::wait_read;
        (is_read ? socket->waits_to_read : socket->waits_to_write) = false;
        // The number may be that of another socket by now.
        const auto is_open = [&] {
          const auto found = self->sockets_.find(number);
          return found != self->sockets_.end() && found->second == socket;
        };
        if (failure || !is_open()) return;
        self->process(is_read ? number : ARES_SOCKET_BAD, is_read ? ARES_SOCKET_BAD : number);
        if (is_open()) self->arm(number, socket);
      });
}

void DnsChannel::process(int readable, int writable) {
  if (channel_ == nullptr) return;
  ares_process_fd(channel_, readable, writable);
  arm_timer();
}

void DnsChannel::arm_timer() {
  timeval left{};
  if (channel_ == nullptr || ares_timeout(channel_, nullptr, &left) == nullptr) {
    timer_.cancel();
    return;
  }
  timer_.expires_after(std::chrono::seconds(left.tv_sec) + std::chrono::microseconds(left.tv_usec));
  timer_.async_wait([self = shared_from_this()](boost::system::error_code cancelled) {
    if (!cancelled) self->process(ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  });
}

}  // namespace holdfast::client
