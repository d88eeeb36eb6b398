#include "client/cli/context.h"

#include <array>
#include <charconv>
#include <cstdio>
#include <utility>

#include <pwd.h>
#include <unistd.h>

#include "client/cli/output.h"

namespace holdfast::cli {

client::CellClient Context::cell_client() const {
  return client::CellClient(
      client::CellClientOptions{.endpoints = endpoints, .dns_servers = dns_servers});
}

std::string Context::path(const std::string& text) const {
  if (!directory.empty()) return resolve_path(directory, text);
  return text == "." ? "/" : text;
}

std::string Context::lock_path(const std::string& name) const {
  return resolve_path(directory.empty() ? "/" : directory, name);
}

client::Outcome<client::Session> Context::open_session(Milliseconds lease) const {
  return open_session(lease, {});
}

client::Outcome<client::Session> Context::open_session(Milliseconds lease,
                                                       client::SessionCallbacks callbacks) const {
  client::SessionOptions options;
  options.endpoints = endpoints;
  options.dns_servers = dns_servers;
  if (lease.count() > 0) options.lease = lease;
  options.open_timeout = timeout;
  options.client_name = "holdfast: " + who_am_i();
  options.callbacks = std::move(callbacks);
  return client::Session::open(std::move(options));
}

int fail(const client::Error& error) {
  std::fprintf(stderr, "holdfast: %s\n", clean_text(client::to_string(error)).c_str());
  if (!error.leader.empty())
    std::fprintf(stderr, "holdfast: the leader is at %s\n", error.leader.c_str());
  for (const client::LockParty& holder : error.holders) {
    std::fprintf(stderr, "holdfast: held by %s on %s %s\n", clean_text(holder.client_name).c_str(),
                 clean_text(holder.host).c_str(), clean_text(holder.description).c_str());
  }
  for (const client::WaitEdge& edge : error.cycle) {
    std::fprintf(stderr, "holdfast: session %s waits for %s\n", to_string(edge.session).c_str(),
                 edge.path.c_str());
  }
  if (error.code == client::ErrorCode::kBadArgument) return kUsage;
  return error.code == client::ErrorCode::kNoQuorum ||
                 (error.code == client::ErrorCode::kTimeout && error.holders.empty())
             ? kUnreachable
             : kRefused;
}

int usage_error(const std::string& message) {
  std::fprintf(stderr, "holdfast: %s\n", message.c_str());
  return kUsage;
}

std::optional<Milliseconds> parse_duration(std::string_view text) {
  std::int64_t number = 0;
  const char* end_of_text = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), end_of_text, number);
  constexpr std::int64_t kHoursMax = 24 * 365;
  if (error != std::errc() || number < 0 || number > kHoursMax * 3'600'000) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(end_of_text - end));
  if (unit == "ms") return Milliseconds(number);
  if (unit.empty() || unit == "s") return Milliseconds(number * 1000);
  if (unit == "m") return Milliseconds(number * 60'000);
  if (unit == "h" && number <= kHoursMax) return Milliseconds(number * 3'600'000);
  return std::nullopt;
}

std::vector<std::string> split_list(const std::string& text) {
  std::vector<std::string> out;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t comma = std::min(text.find(',', begin), text.size());
    std::string item = text.substr(begin, comma - begin);
    std::erase(item, ' ');
    if (!item.empty()) out.push_back(std::move(item));
    begin = comma + 1;
  }
  return out;
}

std::string resolve_path(const std::string& directory, const std::string& text) {
  if (text.starts_with('/')) return text;
  std::string out = directory == "/" ? "" : directory;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t slash = std::min(text.find('/', begin), text.size());
    const std::string part = text.substr(begin, slash - begin);
    begin = slash + 1;
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      out.erase(out.empty() ? 0 : out.rfind('/'));
    } else {
      out += "/" + part;
    }
  }
  return out.empty() ? "/" : out;
}

std::string who_am_i() {
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  const passwd* user = getpwuid(getuid());
  return std::string(user != nullptr ? user->pw_name : "somebody") + "@" + host.data() + " (pid " +
         std::to_string(getpid()) + ")";
}

}  // namespace holdfast::cli
