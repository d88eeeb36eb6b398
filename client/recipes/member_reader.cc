#include "client/recipes/member_reader.h"

#include <optional>

#include "client/recipes/places.h"

namespace holdfast::client::detail {
namespace {

// So many contents are asked for at once, so that a large group leaves room for other calls.
constexpr std::size_t kOpenMax = 64;

}  // namespace

void MemberReader::read(Done done) {
  done_ = std::move(done);
  found_.clear();
  unread_.clear();
  error_.reset();
  list("");
}

void MemberReader::list(const std::string& after) {
  session_.call(
      List{.path = path_, .after = after, .with_stats = true}, options_,
      [self = shared_from_this()](Outcome<Children> page) { self->on_page(std::move(page)); });
}

void MemberReader::on_page(Outcome<Children> page) {
  if (!page) {
    if (page.error().code != ErrorCode::kNoNode) return std::exchange(done_, nullptr)(page.error());
    found_.clear();
    zxid_ = page.error().zxid;
    return finish();
  }
  zxid_ = page->zxid;
  for (const Child& child : page->children) {
    if (!child.stat || child.stat->kind != NodeKind::kEphemeral) continue;
    Member member{.name = child.name,
                  .session = child.stat->ephemeral_owner,
                  .instance = child.stat->instance,
                  .modified = child.stat->modified};
    const auto before = known_.find(child.name);
    if (before != known_.end() && before->second.instance == member.instance &&
        before->second.modified == member.modified) {
      member.contents = before->second.contents;
    } else if (child.stat->content_length > 0) {
      unread_.push_back(child.name);
    }
    found_.insert_or_assign(child.name, std::move(member));
  }
  if (page->more) return list(page->children.back().name);
  fetch();
}

void MemberReader::fetch() {
  while (!unread_.empty() && open_ < kOpenMax && !error_) {
    const std::string name = std::move(unread_.back());
    unread_.pop_back();
    ++open_;
    session_.call(Get{.path = child_path(path_, name)}, options_,
                  [self = shared_from_this(), name](Outcome<Contents> got) {
                    self->on_contents(name, std::move(got));
                  });
  }
  if (open_ == 0) finish();
}

void MemberReader::on_contents(const std::string& name, Outcome<Contents> got) {
  --open_;
  const auto member = found_.find(name);
  if (got) {
    member->second.session = got->stat.ephemeral_owner;
    member->second.instance = got->stat.instance;
    member->second.modified = got->stat.modified;
    member->second.contents = std::move(got->contents);
  } else if (got.error().code == ErrorCode::kNoNode) {
    found_.erase(member);  // Gone since it was listed.
  } else {
    error_ = got.error();
  }
  fetch();
}

void MemberReader::finish() {
  const Done done = std::exchange(done_, nullptr);
  if (error_) return done(*error_);
  known_ = found_;
  Members members{.zxid = zxid_};
  for (auto& [name, member] : found_) members.members.push_back(std::move(member));
  done(std::move(members));
}

}  // namespace holdfast::client::detail
