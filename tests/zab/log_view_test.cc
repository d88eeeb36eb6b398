#include "zab/log_view.h"

#include <algorithm>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "tests/zab/zxids.h"
#include "zab/base/random.h"

namespace holdfast::zab {
namespace {

constexpr std::size_t kWide = 1U << 20U;

Entry entry(Zxid zxid, Zxid prev, std::size_t bytes) {
  return {.zxid = zxid, .prev = prev, .payload = SharedBytes(std::string(bytes, 'x'))};
}

std::uint64_t hash_of(const LogView& log) {
  StateHash hash(0);
  log.hash_into(hash);
  return hash.value();
}

DurableState empty_log() {
  DurableState state;
  state.epochs = {{Epoch(0), 0}};
  return state;
}

// Appends entries of `epoch` up to `last_counter`, each in an operation of its own.
Token extend(LogView& log, Token token, Zxid last) {
  while (log.last() < last) {
    const Zxid prev = log.last();
    const Zxid zxid = prev.epoch() == last.epoch() ? Zxid(prev.value + 1) : Zxid(last.epoch(), 1);
    token = token.next();
    log.append(entry(zxid, prev, 10), token);
  }
  return token;
}

TEST(LogViews, AnEmptyLogEndsAtItsBase) {
  const LogView log(empty_log(), kWide);
  EXPECT_EQ(log.base(), Zxid());
  EXPECT_EQ(log.last(), Zxid());
  EXPECT_EQ(log.durable(), Zxid());
  EXPECT_TRUE(log.holds(Zxid()));
  EXPECT_FALSE(log.holds(z(1, 1)));
  EXPECT_EQ(log.describe(), "base=0.0 last=0.0 durable=0.0 epochs=[0:0]");
}

TEST(LogViews, HoldTheirEntriesAndTheirBaseAndNothingElse) {
  DurableState state;
  state.base = z(2, 3);
  state.epochs = {{Epoch(2), 5}, {Epoch(4), 2}};
  const LogView log(state, kWide);
  EXPECT_EQ(log.last(), z(4, 2));
  EXPECT_EQ(log.durable(), z(4, 2));
  for (const Zxid held : {z(2, 3), z(2, 4), z(2, 5), z(4, 1), z(4, 2)}) {
    EXPECT_TRUE(log.holds(held)) << to_string(held);
  }
  for (const Zxid other : {Zxid(), z(2, 2), z(2, 6), z(3, 1), z(4, 0), z(4, 3), z(5, 1)}) {
    EXPECT_FALSE(log.holds(other)) << to_string(other);
  }
  EXPECT_EQ(log.next_after(z(2, 3)), z(2, 4));
  EXPECT_EQ(log.next_after(z(2, 5)), z(4, 1));
}

TEST(LogViews, AnAppendIsDurableWhenItsTokenIs) {
  LogView log(empty_log(), kWide);
  log.append(entry(z(1, 1), Zxid(), 10), Token(1));
  log.append(entry(z(1, 2), z(1, 1), 10), Token(1));
  log.append(entry(z(2, 1), z(1, 2), 10), Token(3));
  EXPECT_EQ(log.last(), z(2, 1));
  EXPECT_EQ(log.durable(), Zxid());
  log.on_persisted(Token(2));
  EXPECT_EQ(log.durable(), z(1, 2));
  log.on_persisted(Token(3));
  EXPECT_EQ(log.durable(), z(2, 1));
  EXPECT_EQ(log.epochs(), (EpochVector{{Epoch(0), 0}, {Epoch(1), 2}, {Epoch(2), 1}}));
}

// ZOOKEEPER-4712: the disk completes appends that a truncation queued behind them takes back.
TEST(LogViews, ATruncationLowersAppendsThatAreStillQueued) {
  LogView log(empty_log(), kWide);
  extend(log, Token(0), z(1, 5));
  log.truncate(z(1, 2), Token(6));
  EXPECT_EQ(log.last(), z(1, 2));
  log.append(entry(z(2, 1), z(1, 2), 10), Token(7));
  log.on_persisted(Token(5));
  EXPECT_EQ(log.durable(), z(1, 2));
  log.on_persisted(Token(6));
  EXPECT_EQ(log.durable(), z(1, 2));
  log.on_persisted(Token(7));
  EXPECT_EQ(log.durable(), z(2, 1));
}

TEST(LogViews, ATruncationBelowTheDurableEndIsFeltAtOnce) {
  LogView log(empty_log(), kWide);
  log.on_persisted(extend(log, Token(0), z(1, 5)));
  log.truncate(z(1, 3), Token(9));
  EXPECT_EQ(log.durable(), z(1, 3));
  EXPECT_FALSE(log.holds(z(1, 4)));
  log.truncate(Zxid(), Token(10));
  EXPECT_EQ(log.epochs(), (EpochVector{{Epoch(0), 0}}));
}

TEST(LogViews, AnInstalledImageReplacesEverything) {
  LogView log(empty_log(), kWide);
  extend(log, Token(0), z(1, 5));
  log.install(z(3, 7), Token(6));
  EXPECT_EQ(log.base(), z(3, 7));
  EXPECT_EQ(log.last(), z(3, 7));
  EXPECT_EQ(log.durable(), z(3, 7));
  EXPECT_EQ(log.epochs(), (EpochVector{{Epoch(3), 7}}));
  log.append(entry(z(3, 8), z(3, 7), 10), Token(7));
  log.on_persisted(Token(6));
  EXPECT_EQ(log.durable(), z(3, 7));
  log.on_persisted(Token(7));
  EXPECT_EQ(log.durable(), z(3, 8));
}

TEST(LogViews, APurgeMovesTheBaseAndKeepsTheNewerWindow) {
  LogView log(empty_log(), kWide);
  extend(log, Token(0), z(1, 3));
  log.on_persisted(extend(log, Token(3), z(2, 3)));
  log.purge(z(2, 1));
  EXPECT_EQ(log.base(), z(2, 1));
  EXPECT_EQ(log.epochs(), (EpochVector{{Epoch(2), 3}}));
  EXPECT_FALSE(log.holds(z(1, 3)));
  const auto entries = log.slice(z(2, 1), z(2, 3), kWide);
  ASSERT_TRUE(entries);
  EXPECT_EQ(describe_range(*entries), "2.2..2.3");
  EXPECT_EQ(log.bytes_after(z(2, 1)), 20U);
  log.purge(z(2, 3));
  EXPECT_EQ(log.last(), z(2, 3));
  EXPECT_EQ(log.bytes_after(z(2, 3)), 0U);
}

TEST(LogViews, ASliceHoldsAtLeastOneEntryAndAboutTheBytesAskedFor) {
  LogView log(empty_log(), kWide);
  Zxid prev;
  for (std::uint32_t counter = 1; counter <= 4; ++counter) {
    log.append(entry(z(1, counter), prev, 1000), Token(counter));
    prev = z(1, counter);
  }
  EXPECT_EQ(describe_range(*log.slice(Zxid(), z(1, 4), 1)), "1.1");
  EXPECT_EQ(describe_range(*log.slice(z(1, 1), z(1, 4), 2500)), "1.2..1.3");
  EXPECT_EQ(describe_range(*log.slice(z(1, 1), z(1, 2), kWide)), "1.2");
}

TEST(LogViews, TrimmingKeepsWhatIsNotDurableOrNotDelivered) {
  LogView log(empty_log(), 1);
  extend(log, Token(0), z(1, 6));
  log.on_persisted(Token(4));
  log.trim(z(1, 6));
  EXPECT_FALSE(log.slice(z(1, 3), z(1, 6), kWide));
  EXPECT_EQ(describe_range(*log.slice(z(1, 4), z(1, 6), kWide)), "1.5..1.6");
  log.on_persisted(Token(6));
  log.trim(z(1, 5));
  EXPECT_EQ(describe_range(*log.slice(z(1, 5), z(1, 6), kWide)), "1.6");
  EXPECT_FALSE(log.slice(z(1, 4), z(1, 6), kWide));
  EXPECT_EQ(log.last(), z(1, 6));
}

TEST(LogViews, OlderEntriesCountWithTheAverageOfTheWindow) {
  DurableState state;
  state.epochs = {{Epoch(0), 0}, {Epoch(1), 5}, {Epoch(2), 2}};
  state.tail = {entry(z(2, 1), z(1, 5), 30), entry(z(2, 2), z(2, 1), 10)};
  const LogView log(state, kWide);
  EXPECT_EQ(log.bytes_after(z(2, 1)), 10U);
  EXPECT_EQ(log.bytes_after(z(1, 5)), 40U);
  EXPECT_EQ(log.bytes_after(z(1, 2)), 40U + 3 * 20U);
  EXPECT_EQ(log.bytes_after(Zxid()), 40U + 5 * 20U);
}

TEST(LogViews, EqualFuturesHaveEqualHashes) {
  LogView plain(empty_log(), kWide);
  plain.append(entry(z(1, 1), Zxid(), 10), Token(1));
  LogView taken_back(empty_log(), kWide);
  taken_back.append(entry(z(1, 1), Zxid(), 10), Token(1));
  taken_back.append(entry(z(1, 2), z(1, 1), 10), Token(2));
  taken_back.truncate(z(1, 1), Token(3));
  EXPECT_EQ(hash_of(plain), hash_of(taken_back));
  plain.on_persisted(Token(3));
  EXPECT_NE(hash_of(plain), hash_of(taken_back));
  taken_back.on_persisted(Token(3));
  EXPECT_EQ(hash_of(plain), hash_of(taken_back));
}

TEST(LogViewsDeathTest, RefuseEntriesThatDoNotFollow) {
  LogView log(empty_log(), kWide);
  extend(log, Token(0), z(2, 2));
  EXPECT_DEATH(log.append(entry(z(2, 4), z(2, 2), 1), Token(9)), "follows");
  EXPECT_DEATH(log.append(entry(z(2, 3), z(2, 1), 1), Token(9)), "prev");
  EXPECT_DEATH(log.append(entry(z(3, 2), z(2, 2), 1), Token(9)), "follows");
  EXPECT_DEATH(log.append(entry(z(3, 0), z(2, 2), 1), Token(9)), "follows");
  EXPECT_DEATH(log.append(entry(z(1, 1), z(2, 2), 1), Token(9)), "follows");
  EXPECT_DEATH(log.append(entry(z(2, 3), z(2, 2), 1), Token(1)), "token");
  EXPECT_DEATH(log.truncate(z(2, 3), Token(9)), "holds");
  EXPECT_DEATH(log.purge(z(2, 1)), "durable");
}

TEST(LogViewsDeathTest, RefuseARecoveredStateThatContradictsItself) {
  DurableState hole;
  hole.epochs = {{Epoch(0), 0}, {Epoch(1), 3}};
  hole.tail = {entry(z(1, 1), Zxid(), 1), entry(z(1, 3), z(1, 2), 1)};
  EXPECT_DEATH(LogView(hole, kWide), "prev");
  DurableState short_tail;
  short_tail.epochs = {{Epoch(0), 0}, {Epoch(1), 3}};
  short_tail.tail = {entry(z(1, 1), Zxid(), 1)};
  EXPECT_DEATH(LogView(short_tail, kWide), "last");
  DurableState lost_base;
  lost_base.base = z(2, 1);
  lost_base.epochs = {{Epoch(1), 3}};
  EXPECT_DEATH(LogView(lost_base, kWide), "base");
  EXPECT_DEATH(LogView(DurableState{}, kWide), "epochs");
}

TEST(EpochVectors, AreWellFormedWhenALogCanHaveThem) {
  EXPECT_TRUE(is_well_formed({{Epoch(0), 0}}));
  EXPECT_TRUE(is_well_formed({{Epoch(3), 2}, {Epoch(7), 1}}));
  EXPECT_FALSE(is_well_formed({}));
  EXPECT_FALSE(is_well_formed({{Epoch(0), 1}}));
  EXPECT_FALSE(is_well_formed({{Epoch(2), 1}, {Epoch(2), 2}}));
  EXPECT_FALSE(is_well_formed({{Epoch(2), 1}, {Epoch(1), 2}}));
  EXPECT_FALSE(is_well_formed({{Epoch(1), 1}, {Epoch(2), 0}}));
}

// The definition that LogView must agree with: the log as a plain list, a disk as another, and the
// queue of operations between the two.
class Model {
 public:
  struct TruncateOp {
    Zxid to;
  };
  struct InstallOp {
    Zxid base;
  };
  struct PurgeOp {
    Zxid through;
  };
  struct Op {
    Token token;
    std::variant<std::vector<Entry>, TruncateOp, InstallOp, PurgeOp> what;
  };
  struct Log {
    Zxid base;
    std::vector<Entry> entries;

    Zxid last() const { return entries.empty() ? base : entries.back().zxid; }
    bool holds(Zxid zxid) const {
      return zxid == base || std::any_of(entries.begin(), entries.end(),
                                         [zxid](const Entry& e) { return e.zxid == zxid; });
    }
    void carry_out(const Op& op) {
      if (const auto* added = std::get_if<std::vector<Entry>>(&op.what)) {
        entries.insert(entries.end(), added->begin(), added->end());
      } else if (const auto* truncate = std::get_if<TruncateOp>(&op.what)) {
        std::erase_if(entries, [&](const Entry& e) { return e.zxid > truncate->to; });
      } else if (const auto* install = std::get_if<InstallOp>(&op.what)) {
        base = install->base;
        entries.clear();
      } else if (const auto* purge = std::get_if<PurgeOp>(&op.what)) {
        base = purge->through;
        std::erase_if(entries, [&](const Entry& e) { return e.zxid <= purge->through; });
      }
    }
  };

  void queue(const Op& op) {
    memory_.carry_out(op);
    queue_.push_back(op);
    forget_window_beyond_log();
  }
  void persist(Token through) {
    while (!queue_.empty() && queue_.front().token <= through) {
      disk_.carry_out(queue_.front());
      queue_.erase(queue_.begin());
    }
  }
  void trim(Zxid delivered, std::size_t window_bytes) {
    const Zxid may_go = std::min(durable(), delivered);
    while (window_from() < memory_.entries.size()) {
      std::size_t bytes = 0;
      for (std::size_t i = window_from(); i < memory_.entries.size(); ++i) {
        bytes += memory_.entries[i].payload.size() + sizeof(Entry);
      }
      const Zxid first = memory_.entries[window_from()].zxid;
      if (bytes <= window_bytes || first > may_go) return;
      trimmed_through_ = first;
    }
  }

  const Log& log() const { return memory_; }
  // Index of the first entry that the window holds.
  std::size_t window_from() const {
    std::size_t index = 0;
    while (index < memory_.entries.size() && memory_.entries[index].zxid <= trimmed_through_) {
      ++index;
    }
    return index;
  }
  // The longest prefix of the log that the disk has now and keeps, however much of the queue it
  // carries out before a crash.
  Zxid durable() const {
    Log disk = disk_;
    Zxid result = common_end(disk);
    for (const Op& op : queue_) {
      disk.carry_out(op);
      result = std::min(result, common_end(disk));
    }
    return result;
  }
  EpochVector epochs() const {
    EpochVector epochs = {{memory_.base.epoch(), memory_.base.counter()}};
    for (const Entry& e : memory_.entries) {
      if (e.zxid.epoch() == epochs.back().epoch) {
        epochs.back().last_counter = e.zxid.counter();
      } else {
        epochs.push_back({e.zxid.epoch(), e.zxid.counter()});
      }
    }
    return epochs;
  }

 private:
  Zxid common_end(const Log& disk) const {
    Zxid end = memory_.base;
    if (!disk.holds(end)) return end;
    for (const Entry& e : memory_.entries) {
      const auto it = std::find(disk.entries.begin(), disk.entries.end(), e);
      if (it == disk.entries.end()) break;
      end = e.zxid;
    }
    return end;
  }
  // A zxid that was trimmed may come again with another payload after a truncation or an image.
  void forget_window_beyond_log() {
    if (trimmed_through_ > memory_.last()) trimmed_through_ = memory_.last();
    if (trimmed_through_ < memory_.base) trimmed_through_ = memory_.base;
  }

  Log memory_;
  Log disk_;
  std::vector<Op> queue_;
  Zxid trimmed_through_;
};

class RandomLog {
 public:
  explicit RandomLog(std::uint64_t seed)
      : random_(seed), window_bytes_(1 + random_.below(2000)), view_(empty_log(), window_bytes_) {}

  void step() {
    switch (random_.below(12)) {
      case 0:
        return truncate();
      case 1:
        return random_.chance(1, 8) ? install() : purge();
      case 2:
      case 3:
        return trim();
      case 4:
      case 5:
      case 6:
        return persist();
      default:
        return append();
    }
  }

  void check() {
    const Model::Log& log = model_.log();
    ASSERT_EQ(view_.base(), log.base);
    ASSERT_EQ(view_.last(), log.last());
    ASSERT_EQ(view_.epochs(), model_.epochs());
    ASSERT_EQ(view_.durable(), model_.durable()) << view_.describe();
    check_entry(log.base);
    if (!log.entries.empty()) check_entry(some_entry());
  }

  // With nothing queued, the view is the one that a recovery with the same window would give.
  void check_recovery() {
    model_.persist(token_);
    view_.on_persisted(token_);
    DurableState state;
    state.base = view_.base();
    state.epochs = view_.epochs();
    const auto& entries = model_.log().entries;
    state.tail.assign(entries.begin() + static_cast<std::ptrdiff_t>(model_.window_from()),
                      entries.end());
    ASSERT_EQ(hash_of(LogView(state, window_bytes_)), hash_of(view_)) << view_.describe();
  }

 private:
  Zxid some_entry() {
    const auto& entries = model_.log().entries;
    return entries.empty() ? model_.log().base : entries[random_.below(entries.size())].zxid;
  }
  void append() {
    std::vector<Entry> entries;
    token_ = token_.next();
    for (std::uint64_t n = 1 + random_.below(3); n > 0; --n) {
      const Zxid prev = view_.last();
      const bool is_same = !prev.epoch().is_none() && random_.chance(3, 4);
      const auto skip = static_cast<std::uint32_t>(1 + random_.below(2));
      const Zxid zxid = is_same ? Zxid(prev.value + 1) : Zxid(Epoch(prev.epoch().value + skip), 1);
      entries.push_back(entry(zxid, prev, random_.below(200)));
      view_.append(entries.back(), token_);
    }
    model_.queue({token_, entries});
  }
  void truncate() {
    const Zxid to = random_.chance(1, 10) ? model_.log().base : some_entry();
    token_ = token_.next();
    view_.truncate(to, token_);
    delivered_ = std::min(delivered_, to);
    model_.queue({token_, Model::TruncateOp{to}});
  }
  void install() {
    const auto epoch = view_.last().epoch().value + static_cast<std::uint32_t>(random_.below(2));
    const Zxid base = epoch == 0 ? Zxid() : z(epoch, 1 + view_.last().counter());
    token_ = token_.next();
    view_.install(base, token_);
    delivered_ = base;
    model_.queue({token_, Model::InstallOp{base}});
  }
  void purge() {
    const Zxid through = some_entry();
    if (through > model_.durable()) return;
    token_ = token_.next();
    view_.purge(through);
    delivered_ = std::max(delivered_, through);
    model_.queue({token_, Model::PurgeOp{through}});
  }
  void persist() {
    const Token through(random_.below(token_.value + 1));
    view_.on_persisted(through);
    model_.persist(through);
  }
  void trim() {
    delivered_ = std::max(delivered_, some_entry());
    view_.trim(delivered_);
    model_.trim(delivered_, window_bytes_);
    const Zxid kept = std::min(delivered_, view_.durable());
    ASSERT_TRUE(kept == view_.last() || view_.slice(kept, view_.last(), 1));
  }
  void check_entry(Zxid after) {
    ASSERT_TRUE(view_.holds(after));
    if (after == view_.last()) return;
    const auto& entries = model_.log().entries;
    std::size_t next = 0;
    while (entries[next].zxid <= after) ++next;
    ASSERT_EQ(view_.next_after(after), entries[next].zxid);
    const auto slice = view_.slice(after, view_.last(), kWide);
    ASSERT_EQ(slice.has_value(), next >= model_.window_from());
    if (!slice) return;
    const std::vector<Entry> expected(entries.begin() + static_cast<std::ptrdiff_t>(next),
                                      entries.end());
    ASSERT_EQ(*slice, expected);
    std::size_t bytes = 0;
    for (const Entry& e : expected) bytes += e.payload.size();
    ASSERT_EQ(view_.bytes_after(after), bytes);
  }

  Random random_;
  std::size_t window_bytes_;
  Model model_;
  LogView view_;
  Token token_;
  Zxid delivered_;
};

TEST(LogViews, AgreeWithAPlainListUnderRandomOperations) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed=" + std::to_string(seed));
    RandomLog log(seed);
    for (int i = 0; i < 120; ++i) {
      log.step();
      log.check();
      if (::testing::Test::HasFatalFailure()) return;
    }
    log.check_recovery();
    if (::testing::Test::HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace holdfast::zab
