// What clients do seldom: calls that are bound to be refused, operators' calls, and leaving.

#include <utility>

#include "tests/world/workload.h"
#include "zab/base/limits.h"

namespace holdfast::world {

void Workload::act_oddly(Client& client) {
  Random& dice = client.dice();
  const std::string known = node(client);
  const auto changing = [&](const char* method, const std::string& path) {
    Asked it = asked(method, path);
    it.changes = true;
    return it;
  };
  switch (dice.below(12)) {
    case 0:
      client.call(client::Get{.path = "/never"}, timeout(client), asked("get", "/never"));
      return;
    case 1: {
      client::Set request{.path = known, .contents = token(client)};
      request.if_instance = Zxid(1);
      Asked it = changing("set of another instance", known);
      it.tokens = {request.contents};
      client.call(std::move(request), timeout(client), std::move(it));
      return;
    }
    case 2:
      client.call(client::Remove{.path = "/r"}, timeout(client), changing("remove", "/r"));
      return;
    case 3: {
      client::Set request{.path = known, .contents = token(client)};
      request.if_content_generation = 1;
      Asked it = changing("conditional set", known);
      it.tokens = {request.contents};
      it.if_generation = 1;
      client.call(std::move(request), timeout(client), std::move(it));
      return;
    }
    case 4: {
      client::Create request{.path = "no path", .contents = token(client)};
      Asked it = changing("create", "no path");
      it.tokens = {request.contents};
      client.call(std::move(request), timeout(client), std::move(it));
      return;
    }
    case 5: {
      client::Set request{.path = known, .contents = token(client)};
      if (!dice.chance(1, 20)) return get(client);
      request.contents.resize(limits::kContentBytesMax + 1, 'y');
      Asked it = changing("set", known);
      it.tokens = {request.contents};
      client.call(std::move(request), timeout(client), std::move(it));
      return;
    }
    case 6: {
      Mind& it = mind(client);
      client::Create request{.contents = token(client)};
      request.path = (it.own_nodes.empty() ? known : it.own_nodes.back()) + "/below";
      Asked asked_for = changing("create", request.path);
      asked_for.tokens = {request.contents};
      client.call(std::move(request), timeout(client), std::move(asked_for));
      return;
    }
    case 7:
      client.call(client::Sync{}, timeout(client), asked("sync", ""));
      return;
    case 8:
      client.call(client::GetCellStatus{}, timeout(client), asked("cell status", ""));
      return;
    case 9:
      if (dice.chance(1, 4)) client.close();
      return;
    default:
      return act_as_operator(client);
  }
}

void Workload::act_as_operator(Client& client) {
  Random& dice = client.dice();
  switch (dice.below(6)) {
    case 0: {
      client::BreakLock request{
          .path = lock(client), .reason = "simulated", .operator_name = client.name()};
      Asked it = asked("break lock", request.path);
      it.changes = true;
      client.call(std::move(request), timeout(client), std::move(it));
      return;
    }
    case 1: {
      const auto& other = (*clients_)[dice.below(clients_->size())];
      if (!other->is_open() || !dice.chance(1, 3)) return;
      client::KillSession request{.session = other->beliefs().session(),
                                  .reason = "simulated",
                                  .operator_name = client.name()};
      Asked it = asked("kill session", "");
      it.changes = true;
      client.call(request, timeout(client), std::move(it));
      return;
    }
    case 2:
      client.call(client::ListSessions{}, timeout(client), asked("list sessions", ""));
      return;
    case 3: {
      client::Remove request{.path = lock(client)};
      Asked it = asked("remove", request.path);
      it.changes = true;
      client.call(std::move(request), timeout(client), std::move(it));
      return;
    }
    default: {
      client::ListLocks request;
      client.call(request, timeout(client), asked("list locks", ""));
      return;
    }
  }
}

}  // namespace holdfast::world
