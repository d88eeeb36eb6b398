#include "client/resolver.h"

#include <algorithm>
#include <set>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "client/dns_channel.h"
#include "zab/base/check.h"

namespace holdfast::client {
namespace {

namespace asio = boost::asio;

constexpr const char* kServiceName = "_holdfast._tcp.";

Status no_answer() {
  return {StatusCode::kUnavailable, "no DNS server answered in time"};
}

}  // namespace

// One question and all that follows from it. Kept alive by what it waits for.
class Resolver::Lookup : public std::enable_shared_from_this<Lookup> {
 public:
  Lookup(const asio::any_io_executor& executor, Endpoint endpoint, Done done)
      : executor_(executor),
        timer_(executor),
        endpoint_(std::move(endpoint)),
        done_(std::move(done)) {}

  void begin(const std::vector<std::string>& servers);
  // Nothing is answered any more.
  void cancel() {
    done_ = nullptr;
    end();
  }

 private:
  void on_services(const Result<std::vector<DnsChannel::Service>>& found);
  void find(Place place, const std::string& host, std::uint16_t port);
  void on_addresses(Place place, Result<std::vector<std::string>> found);
  void answer(Places places);
  void finish();
  void end();

  asio::any_io_executor executor_;
  asio::steady_timer timer_;
  const Endpoint endpoint_;
  Done done_;
  bool is_answered_ = false;
  std::shared_ptr<DnsChannel> channel_;
  std::size_t open_ = 0;  // Names whose addresses are asked for.
  std::vector<Place> places_;
  std::string failure_;  // The first one.
};

void Resolver::Lookup::begin(const std::vector<std::string>& servers) {
  Result<std::shared_ptr<DnsChannel>> made = DnsChannel::make(executor_, servers);
  if (!made.ok()) return answer(made.status());
  channel_ = std::move(made).value();
  timer_.expires_after(kTimeMax);
  timer_.async_wait([self = shared_from_this()](boost::system::error_code cancelled) {
    if (!cancelled) self->finish();
  });
  if (endpoint_.kind == Endpoint::Kind::kService) {
    channel_->find_services(kServiceName + endpoint_.host,
                            [weak = weak_from_this()](const auto& found) {
                              if (const auto self = weak.lock()) self->on_services(found);
                            });
  } else {
    open_ = 1;
    find({.name = host_and_port(endpoint_.host, endpoint_.port)}, endpoint_.host, endpoint_.port);
  }
}

void Resolver::Lookup::on_services(const Result<std::vector<DnsChannel::Service>>& found) {
  if (!found.ok()) return answer(found.status());
  const std::string name = kServiceName + endpoint_.host;
  std::vector<DnsChannel::Service> usable;
  for (const DnsChannel::Service& service : *found) {
    const bool is_fit = !service.target.empty() && service.port != 0;
    if (is_fit && usable.size() < kPlacesMax) usable.push_back(service);
  }
  if (usable.empty()) {
    return answer(Status(StatusCode::kUnavailable,
                         name + (found->empty() ? ": the name has no SRV records"
                                                : ": the only SRV record says that there is no "
                                                  "such service (its target is \".\")")));
  }
  open_ = usable.size();  // Some are answered at once.
  for (const DnsChannel::Service& service : usable) {
    find({.name = host_and_port(service.target, service.port),
          .priority = service.priority,
          .weight = service.weight},
         service.target, service.port);
  }
}

void Resolver::Lookup::find(Place place, const std::string& host, std::uint16_t port) {
  channel_->find_addresses(host, port,
                           [weak = weak_from_this(), place = std::move(place)](auto found) mutable {
                             if (const auto self = weak.lock())
                               self->on_addresses(std::move(place), std::move(found));
                           });
}

void Resolver::Lookup::on_addresses(Place place, Result<std::vector<std::string>> found) {
  --open_;
  if (found.ok()) {
    place.addresses = std::move(found).value();
    if (place.addresses.size() > kPlacesMax) place.addresses.resize(kPlacesMax);
    places_.push_back(std::move(place));
  } else if (failure_.empty()) {
    failure_ = found.status().message();
  }
  if (open_ == 0) finish();
}

// With what there is.
void Resolver::Lookup::finish() {
  if (!places_.empty()) return answer(std::move(places_));
  answer(Status(StatusCode::kUnavailable,
                failure_.empty() ? "no DNS server answered in time" : failure_));
}

// Later, because c-ares cannot be closed within an answer of its own.
void Resolver::Lookup::answer(Places places) {
  if (std::exchange(is_answered_, true)) return;
  asio::post(executor_, [self = shared_from_this(), places = std::move(places)]() mutable {
    self->end();
    if (const Done done = std::exchange(self->done_, nullptr)) done(std::move(places));
  });
}

void Resolver::Lookup::end() {
  is_answered_ = true;
  timer_.cancel();
  if (channel_ != nullptr) std::exchange(channel_, nullptr)->close();
}

Resolver::Resolver(asio::any_io_executor executor, std::vector<std::string> dns_servers)
    : executor_(std::move(executor)), dns_servers_(std::move(dns_servers)) {}

Resolver::~Resolver() {
  close();
}

void Resolver::look_up(const std::string& endpoint, Done done) {
  const Result<Endpoint> parsed = Endpoint::parse(endpoint);
  HOLDFAST_CHECK(parsed.ok(), parsed.status().message());
  std::erase_if(open_, [](const std::weak_ptr<Lookup>& lookup) { return lookup.expired(); });
  const auto lookup = std::make_shared<Lookup>(executor_, *parsed, std::move(done));
  open_.push_back(lookup);
  lookup->begin(dns_servers_);
}

void Resolver::close() {
  for (const std::weak_ptr<Lookup>& open : std::exchange(open_, {})) {
    if (const std::shared_ptr<Lookup> lookup = open.lock()) lookup->cancel();
  }
}

Outcome<std::vector<Place>> look_up(const std::string& endpoint,
                                    const std::vector<std::string>& dns_servers,
                                    Milliseconds timeout) {
  for (const Status& status : {check_endpoints({endpoint}), check_dns_servers(dns_servers)}) {
    if (!status.ok()) return Error{.code = ErrorCode::kBadArgument, .message = status.message()};
  }
  if (Endpoint::parse(endpoint)->kind == Endpoint::Kind::kAddress) {
    return std::vector<Place>{{.name = endpoint, .addresses = {endpoint}}};
  }
  asio::io_context context;
  Resolver resolver(context.get_executor(), dns_servers);
  Resolver::Places found = no_answer();
  resolver.look_up(endpoint, [&found](Resolver::Places places) { found = std::move(places); });
  context.run_for(timeout);
  if (found.ok()) return std::move(found).value();
  return Error{
      .code = ErrorCode::kNoQuorum, .message = found.status().message(), .retryable = true};
}

}  // namespace holdfast::client
