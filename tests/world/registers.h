#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "lockserver/state/records.h"
#include "tests/world/design.h"
#include "tests/world/ledger.h"

namespace holdfast::world {

// Every version that a node ever had, read off the records of the committed image; and which of
// the clients' numbered writes took effect, and how often.
class Registers final : public HistoryWitness {
 public:
  Registers(const Design& design, Verdict& verdict) : design_(design), verdict_(verdict) {}

  void on_committed(const Committed& entry, const state::Command& command,
                    const Applied& effects) override;

  struct Version {
    Zxid since;
    bool exists = false;
    std::string contents;
    std::string meta;  // The record of the node, as it stands in the image.
  };
  // As of after `zxid`; null when the path never existed until then.
  const Version* at(const std::string& path, Zxid zxid) const;
  // The names of the children as of after `zxid`, ascending.
  std::vector<std::string> children_at(const std::string& path, Zxid zxid) const;

  // Each write of a client carries contents of its own, which begin with kTokenMark. The entry that
  // wrote them; none when no entry did so far.
  static constexpr char kTokenMark = '#';
  Zxid written(const std::string& token) const;
  // The client was told that this write will never take effect.
  void forbid(const std::string& token);

 private:
  void on_contents(const Committed& entry, std::string_view path, const state::Write& write);
  void on_node(const Committed& entry, std::string_view path, const state::Write& write);
  Version& version(Zxid zxid, std::string_view path);
  void check_order(const Committed& entry, const state::Command& command);

  const Design& design_;
  Verdict& verdict_;
  std::map<std::string, std::vector<Version>, std::less<>> paths_;
  std::unordered_map<std::string, Zxid> written_;
  std::unordered_set<std::string> forbidden_;
  struct Numbers {
    std::uint64_t newest = 0;
    std::uint64_t answered_below = 0;
    std::set<std::uint64_t> seen;
  };
  std::map<SessionId, Numbers> numbers_;
};

}  // namespace holdfast::world
