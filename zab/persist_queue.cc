#include "zab/persist_queue.h"

#include <utility>

#include "zab/base/check.h"

namespace holdfast::zab {

Token PersistQueue::push(PersistOp op, Outbox& out) {
  flush(out);
  last_ = last_.next();
  out.push(Persist{last_, std::move(op)});
  return last_;
}

Token PersistQueue::append(const Entry& entry) {
  if (open_append_.empty()) {
    last_ = last_.next();
  } else {
    HOLDFAST_CHECK(
        open_append_.back().zxid == entry.prev,
        "an append of " + to_string(entry.zxid) + " behind " + to_string(open_append_.back().zxid));
  }
  open_append_.push_back(entry);
  return last_;
}

void PersistQueue::flush(Outbox& out) {
  if (!open_append_.empty()) {
    out.push(Persist{last_, Append{std::exchange(open_append_, {})}});
  }
}

void PersistQueue::gate(Gate gate) {
  gate.token = last_;
  gates_.push_back(gate);
}

std::optional<Gate> PersistQueue::take_ready() {
  if (gates_.empty() || gates_.front().token > completed_) {
    return std::nullopt;
  }
  const Gate gate = gates_.front();
  gates_.pop_front();
  return gate;
}

void PersistQueue::on_persisted(Token through) {
  const bool given_out = through < last_ || (through == last_ && open_append_.empty());
  HOLDFAST_CHECK(given_out,
                 "the disk reports token " + to_string(through) + " of " + to_string(last_));
  if (through > completed_) {
    completed_ = through;
  }
}

void PersistQueue::hash_into(StateHash& hash, std::uint64_t generation) const {
  // Tokens only matter by their distance from what is complete.
  hash.add(last_.value - completed_.value).add(open_append_.size());
  for (const Gate& gate : gates_) {
    if (gate.outlives_role() || gate.generation == generation) {
      hash.add(gate.token.value - completed_.value).add(gate.action).add(gate.count).add(gate.zxid);
    }
  }
}

std::string PersistQueue::describe() const {
  return "queued=" + std::to_string(last_.value - completed_.value) +
         " gates=" + std::to_string(gates_.size());
}

}  // namespace holdfast::zab
