#include "client/recipes/places.h"

#include <memory>

#include "client/boot_clock.h"
#include "client/runtime.h"

namespace holdfast::client::detail {
namespace {

constexpr Milliseconds kPause(50);

void run_later(const SessionRef& session, std::function<void()> callback) {
  const auto timer = std::make_shared<BootTimer>(session.runtime().callbacks());
  timer->expires_after(kPause);
  timer->async_wait([timer, callback = std::move(callback)](boost::system::error_code cancelled) {
    if (!cancelled) callback();
  });
}

}  // namespace

std::string child_path(const std::string& parent, std::string_view name) {
  std::string path = parent == "/" ? "" : parent;
  path += '/';
  path += name;
  return path;
}

std::string name_of(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

void agree_on(const SessionRef& session, const std::string& path, const std::string& contents,
              std::function<void(Outcome<Contents>)> done) {
  const auto on_found = [=](Outcome<Contents> found) {
    // Removed between the two requests: made anew.
    if (!found && found.error().code == ErrorCode::kNoNode) {
      return agree_on(session, path, contents, done);
    }
    if (found && found->contents != contents) {
      return done(Error{.code = ErrorCode::kBadArgument,
                        .message = path + " was made for \"" + found->contents + "\", not for \"" +
                                   contents + "\"; all who share it give the same number.",
                        .path = path,
                        .zxid = found->zxid});
    }
    done(std::move(found));
  };
  Create create{.path = path, .contents = contents, .create_parents = true};
  session.call(std::move(create), {}, [=](Outcome<Created> created) {
    if (!created && created.error().code == ErrorCode::kNodeExists) {
      return session.call(Get{.path = path}, {}, on_found);
    }
    if (!created) return done(std::move(created).error());
    done(Contents{.zxid = created->zxid, .contents = contents, .stat = created->stat});
  });
}

void give_up(const SessionRef& session, const std::string& place, OwnerId owner) {
  session.call(Remove{.path = place, .owner = owner}, {}, [=](const Outcome<Removed>& removed) {
    const bool is_early = !removed && removed.error().code == ErrorCode::kLockDelayed;
    if (is_early) run_later(session, [=] { give_up(session, place, owner); });
  });
}

}  // namespace holdfast::client::detail
