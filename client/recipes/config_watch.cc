#include "client/recipes/config_watch.h"

#include "client/recipes/following.h"

namespace holdfast::client {

template class Followed<ConfigValue>;

namespace {

using FollowingValue = detail::Following<ConfigValue>;

bool is_same_value(const ConfigValue& one, const ConfigValue& other) {
  return one.contents.has_value() == other.contents.has_value() &&
         one.stat.instance == other.stat.instance && one.stat.modified == other.stat.modified;
}

Outcome<ConfigValue> value_of(Outcome<Contents> got) {
  if (got) {
    return ConfigValue{.zxid = got->zxid, .contents = std::move(got->contents), .stat = got->stat};
  }
  if (got.error().code != ErrorCode::kNoNode) return std::move(got).error();
  return ConfigValue{.zxid = got.error().zxid};
}

}  // namespace

void ConfigWatch::open(Session& session, std::string path,
                       std::function<void(const ConfigValue&)> on_change,
                       std::function<void(Outcome<ConfigWatch>)> done) {
  const detail::SessionRef ref = detail::SessionRef::of(session);
  using enum EventKind;
  FollowingValue::Plan plan{
      .watch = {.path = path, .kinds = {kContentsChanged, kNodeCreated, kNodeDeleted}},
      .read =
          [ref, path](FollowingValue::Done read) {
            ref.call(Get{.path = path}, {}, [read = std::move(read)](Outcome<Contents> got) {
              read(value_of(std::move(got)));
            });
          },
      .is_same = is_same_value,
      .as_of = [](const ConfigValue& value) { return value.zxid; },
      .on_change = std::move(on_change)};
  FollowingValue::start(ref, std::move(plan),
                        [done = std::move(done)](Outcome<std::shared_ptr<FollowingValue>> started) {
                          if (!started) return done(std::move(started).error());
                          done(ConfigWatch(FollowingValue::make(*started)));
                        });
}

Outcome<ConfigWatch> ConfigWatch::open(Session& session, std::string path,
                                       std::function<void(const ConfigValue&)> on_change) {
  return detail::wait_for<ConfigWatch>(
      detail::SessionRef::of(session).runs_here(), std::nullopt,
      [&](auto done) { open(session, std::move(path), std::move(on_change), std::move(done)); });
}

}  // namespace holdfast::client
