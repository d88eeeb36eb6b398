#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "client/endpoint.h"
#include "client/error.h"
#include "client/options.h"
#include "zab/base/status.h"

namespace holdfast::client {

// Finds out what endpoints stand for, without ever blocking its executor, which runs one thing at
// a time; all members are called there.
class Resolver {
 public:
  // A lookup answers within this time, with what it has by then.
  static constexpr Milliseconds kTimeMax{5'000};
  // Of the records of one service, and of the addresses of one name; more are passed over.
  static constexpr std::size_t kPlacesMax = 64;

  using Places = Result<std::vector<Place>>;
  using Done = std::function<void(Places)>;

  // `dns_servers` are asked instead of those of /etc/resolv.conf; may be empty.
  Resolver(boost::asio::any_io_executor executor, std::vector<std::string> dns_servers);
  ~Resolver();  // Nothing is answered any more.
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // Of a valid endpoint. Answers once and later: its places, or kUnavailable with a sentence that
  // says why there are none. Targets of a service that have no address are passed over while others
  // have.
  void look_up(const std::string& endpoint, Done done);
  void close();  // As the destructor.

 private:
  class Lookup;

  const boost::asio::any_io_executor executor_;
  const std::vector<std::string> dns_servers_;
  std::vector<std::weak_ptr<Lookup>> open_;
};

// The places for which the endpoint stands at the moment (an address: for itself): waits for the
// answer. BAD_ARGUMENT for what is no endpoint; NO_QUORUM if DNS knows nothing or is not reached in
// time, which is 5 s at most.
Outcome<std::vector<Place>> look_up(const std::string& endpoint,
                                    const std::vector<std::string>& dns_servers,
                                    Milliseconds timeout);

}  // namespace holdfast::client
