#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "lockserver/state/image_codec.h"
#include "tests/world/design.h"
#include "tests/world/ledger.h"

namespace holdfast::world {

// Every acquisition that ever was, read off the records of the committed image and not off what
// the state machine says about itself: mutual exclusion, growth of generations, and that nothing
// of a session outlives it are checked at each entry.
class LockBook final : public HistoryWitness {
 public:
  enum class End { kStands, kByHolder, kExpired, kByOperator, kWithNode };
  struct Acquisition {
    std::string path;
    SessionId session;
    state::OwnerId owner;
    LockMode mode = LockMode::kExclusive;
    Zxid granted;
    Zxid ended;  // None while it stands.
    End end = End::kStands;
  };

  LockBook(const Design& design, Story& story, Verdict& verdict)
      : design_(design), story_(story), verdict_(verdict) {}

  void on_committed(const Committed& entry, const state::Command& command,
                    const Applied& effects) override;

  // Null for what was never granted. An acquisition is named by its session too, because several
  // shared ones may be granted by one entry.
  const Acquisition* find(const std::string& path, Zxid acquisition, SessionId session,
                          std::uint64_t owner) const;
  // Those that stand after the newest entry.
  std::vector<const Acquisition*> holders(const std::string& path) const;
  // The acquisitions of the path that stood after `zxid`, ascending.
  std::vector<const Acquisition*> holders_at(const std::string& path, Zxid zxid) const;
  bool stood(const std::string& path, Zxid acquisition, LockMode mode, Zxid at) const;
  // Paths whose holders were changed by the newest entry.
  const std::vector<std::string>& changed() const { return changed_; }
  // Sessions that expired, not killed, by the newest entry.
  const std::vector<SessionId>& expired() const { return expired_; }

 private:
  struct Path {
    std::vector<Acquisition> all;
    std::map<Zxid, std::size_t> standing;  // By the place in the queue: index into `all`.
  };

  struct Cause {
    End why = End::kByHolder;
    SessionId ender;  // Whose release, close or expiry it was.
  };

  void on_request(const Committed& entry, const state::RequestKey& key, const state::Write& write,
                  const Cause& cause);
  void on_session(const state::SessionKey& key, const state::Write& write);
  void on_node(const state::NodeKey& key, const state::Write& write);
  void check_exclusion(const Committed& entry, const std::string& path);
  void check_ended_sessions(const Committed& entry);

  const Design& design_;
  Story& story_;
  Verdict& verdict_;
  std::map<std::string, Path> paths_;
  std::map<SessionId, std::set<std::pair<std::string, Zxid>>> requests_;  // Of each session.
  std::map<std::pair<std::string, Zxid>, SessionId> asked_by_;
  std::map<SessionId, std::set<std::string>> ephemerals_;
  std::map<std::string, SessionId> ephemeral_owner_;
  std::set<SessionId> sessions_;
  std::set<SessionId> killed_;
  std::vector<std::string> changed_;
  std::vector<SessionId> ended_;
  std::vector<SessionId> expired_;
};

}  // namespace holdfast::world
