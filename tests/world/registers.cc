#include "tests/world/registers.h"

#include <algorithm>

#include "lockserver/state/image_codec.h"

namespace holdfast::world {

void Registers::on_committed(const Committed& entry, const state::Command& command,
                             const Applied& effects) {
  check_order(entry, command);
  for (const state::Write& write : effects.writes) {
    if (write.key.empty()) continue;
    const std::string_view path = std::string_view(write.key).substr(1);
    if (write.key.front() == 'n') on_node(entry, path, write);
    if (write.key.front() == 'p') on_contents(entry, path, write);
  }
}

// The requests of a session take effect in the order of their numbers; a number that comes again is
// a repetition.
void Registers::check_order(const Committed& entry, const state::Command& command) {
  if (command.session.is_none() || command.request.is_none()) return;
  // Who is turned away for lack of space comes again later, and what frees goes before him.
  if (design_.faults.every[static_cast<std::size_t>(Fault::kFullDisk)] > 0) return;
  Numbers& numbers = numbers_[command.session];
  const std::uint64_t number = command.request.value;
  const bool is_new = numbers.seen.insert(number).second;
  // A copy that comes too late: the client has said that it waits for no answer, and it is refused.
  const bool is_late = number < numbers.answered_below;
  numbers.answered_below = std::max(numbers.answered_below, command.answered_below.value);
  verdict_.require(!is_new || is_late || number > numbers.newest, "FIFO", [&] {
    return "request " + std::to_string(number) + " of session " +
           to_string(Zxid(command.session.value)) + " comes first with " + to_string(entry.zxid) +
           ", after request " + std::to_string(numbers.newest);
  });
  numbers.newest = std::max(numbers.newest, number);
}

Registers::Version& Registers::version(Zxid zxid, std::string_view path) {
  auto found = paths_.find(path);
  if (found == paths_.end())
    found = paths_.emplace(std::string(path), std::vector<Version>()).first;
  std::vector<Version>& versions = found->second;
  if (versions.empty() || versions.back().since != zxid) {
    Version next = versions.empty() ? Version() : versions.back();
    next.since = zxid;
    versions.push_back(std::move(next));
  }
  return versions.back();
}

void Registers::on_node(const Committed& entry, std::string_view path, const state::Write& write) {
  Version& it = version(entry.zxid, path);
  it.exists = write.value.has_value();
  it.meta = write.value.value_or(std::string());
}

void Registers::on_contents(const Committed& entry, std::string_view path,
                            const state::Write& write) {
  Version& it = version(entry.zxid, path);
  it.contents = write.value.value_or(std::string());
  if (it.contents.empty() || it.contents.front() != kTokenMark) return;
  // A multi that was taken back leaves the contents as they were, but has their record written.
  const Result<state::NodeMeta> meta = state::decode_node(it.meta);
  if (meta.ok() && meta->modified_zxid != entry.zxid) return;
  const auto [at, is_new] = written_.emplace(it.contents, entry.zxid);
  verdict_.require(is_new, "EXACTLY-ONCE", [&] {
    return "the write " + it.contents + " took effect with " + to_string(at->second) +
           " and again with " + to_string(entry.zxid);
  });
  verdict_.require(!forbidden_.contains(it.contents), "EXACTLY-ONCE", [&] {
    return "the write " + it.contents + " was refused and took effect all the same with " +
           to_string(entry.zxid);
  });
}

const Registers::Version* Registers::at(const std::string& path, Zxid zxid) const {
  const auto found = paths_.find(path);
  if (found == paths_.end()) return nullptr;
  const std::vector<Version>& versions = found->second;
  auto after =
      std::upper_bound(versions.begin(), versions.end(), zxid,
                       [](Zxid wanted, const Version& version) { return wanted < version.since; });
  return after == versions.begin() ? nullptr : &*std::prev(after);
}

std::vector<std::string> Registers::children_at(const std::string& path, Zxid zxid) const {
  const std::string prefix = path == "/" ? path : path + "/";
  std::vector<std::string> names;
  for (auto it = paths_.lower_bound(prefix); it != paths_.end(); ++it) {
    if (!it->first.starts_with(prefix)) break;
    const std::string name = it->first.substr(prefix.size());
    if (name.empty() || name.find('/') != std::string::npos) continue;
    const Version* version = at(it->first, zxid);
    if (version != nullptr && version->exists) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

Zxid Registers::written(const std::string& token) const {
  const auto found = written_.find(token);
  return found == written_.end() ? Zxid() : found->second;
}

void Registers::forbid(const std::string& token) {
  verdict_.require(written(token).is_none(), "EXACTLY-ONCE", [&] {
    return "the write " + token + " was refused, but had taken effect with " +
           to_string(written(token));
  });
  forbidden_.insert(token);
}

}  // namespace holdfast::world
