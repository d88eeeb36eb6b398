#include <algorithm>
#include <array>
#include <cstdio>
#include <future>
#include <memory>
#include <random>

#include "client/cli/commands.h"
#include "client/cli/output.h"
#include "client/cli/table.h"
#include "client/resolver.h"

namespace holdfast::cli {
namespace {

using Answer = client::Outcome<client::AnyReply>;

struct Asked {
  std::string endpoint;  // As it is shown.
  std::unique_ptr<client::CellClient> client;
  std::future<Answer> answer;
};

Asked ask(const Context& context, const std::string& shown, const std::string& address) {
  Asked asked{.endpoint = shown,
              .client = std::make_unique<client::CellClient>(
                  client::CellClientOptions{.endpoints = {address}}),
              .answer = {}};
  const auto promise = std::make_shared<std::promise<Answer>>();
  asked.answer = promise->get_future();
  asked.client->submit(client::GetCellStatus{}, context.call_options(),
                       [promise](Answer answer) { promise->set_value(std::move(answer)); });
  return asked;
}

// One that is not looked up has its failure for an answer.
Asked failed(const std::string& endpoint, client::Error error) {
  std::promise<Answer> promise;
  promise.set_value(std::move(error));
  return {.endpoint = endpoint, .client = nullptr, .answer = promise.get_future()};
}

// Every replica is asked about itself, all at once: each address for which an endpoint stands.
std::vector<Asked> ask_all(const Context& context) {
  std::vector<Asked> out;
  for (const std::string& endpoint : context.endpoints) {
    client::Outcome<std::vector<client::Place>> places =
        client::look_up(endpoint, context.dns_servers, context.timeout);
    if (!places) {
      out.push_back(failed(endpoint, places.error()));
      continue;
    }
    for (const client::Place& place : *places) {
      const bool is_one = place.addresses.size() == 1;
      for (const std::string& address : place.addresses) {
        out.push_back(ask(context, is_one ? place.name : address, address));
      }
    }
  }
  return out;
}

Json status_json(const client::CellStatus& status) {
  const client::ReplicaStatus& r = status.replica;
  Json out = {{"replica", to_string(r.id)},
              {"role", role_text(r.role)},
              {"serving", r.serving},
              {"leader", to_string(r.leader)},
              {"leader_endpoint", r.leader_endpoint},
              {"current_epoch", r.current_epoch.value},
              {"accepted_epoch", r.accepted_epoch.value},
              {"log_start", to_string(r.log_start)},
              {"last_logged", to_string(r.last_logged)},
              {"durable", to_string(r.durable)},
              {"committed", to_string(r.committed)},
              {"applied", to_string(r.applied)},
              {"image", to_string(r.image)},
              {"uptime_ms", r.uptime_ms},
              {"connections", r.connections},
              {"local_sessions", r.local_sessions},
              {"held_calls", r.held_calls},
              {"watches", r.watches},
              {"has_space", r.has_space},
              {"version", status.version},
              {"state_machine_version", status.state_machine_version}};
  out["state"] = {{"sessions", status.state.sessions},
                  {"nodes", status.state.nodes},
                  {"locks", status.state.locks},
                  {"bytes", status.state.bytes}};
  out["members"] = Json::array();
  for (const client::MemberInfo& member : status.members) {
    out["members"].push_back({{"replica", to_string(member.id)},
                              {"voter", member.voter},
                              {"peer_endpoint", member.peer_endpoint},
                              {"client_endpoint", member.client_endpoint},
                              {"connected", member.connected},
                              {"durable", to_string(member.durable)}});
  }
  out["limits"] = Json::array();
  for (const client::LimitInfo& limit : status.limits) {
    out["limits"].push_back({{"name", limit.name}, {"limit", limit.limit}, {"used", limit.used}});
  }
  return out;
}

std::string hex(const std::string& bytes) {
  std::string out;
  for (const char c : bytes) {
    std::array<char, 3> two{};
    std::snprintf(two.data(), two.size(), "%02x",
                  static_cast<unsigned>(static_cast<unsigned char>(c)));
    out += two.data();
  }
  return out;
}

// Exit code 0 when a replica serves, so that the cell has a leader with a quorum behind it.
int run_status(const Context& context) {
  std::vector<Asked> asked = ask_all(context);
  Table table({"REPLICA", "ENDPOINT", "ROLE", "SERVING", "EPOCH", "APPLIED", "COMMITTED",
               "SESSIONS", "NODES", "LOCKS"});
  Json replicas = Json::array();
  std::string cell;
  bool is_serving = false;
  for (Asked& one : asked) {
    const Answer answer = one.answer.get();
    if (!answer) {
      table.add({"-", one.endpoint, "unreachable", "-", "-", "-", "-", "-", "-", "-"});
      replicas.push_back(
          {{"endpoint", one.endpoint}, {"error", client::to_string(answer.error())}});
      continue;
    }
    const auto& status = std::get<client::CellStatus>(*answer);
    const client::ReplicaStatus& r = status.replica;
    cell = status.cell_name + " (" + hex(status.cell_id) + ")";
    is_serving = is_serving || r.serving;
    table.add({to_string(r.id), one.endpoint, role_text(r.role), r.serving ? "yes" : "no",
               std::to_string(r.current_epoch.value), to_string(r.applied), to_string(r.committed),
               std::to_string(status.state.sessions), std::to_string(status.state.nodes),
               std::to_string(status.state.locks)});
    Json json = status_json(status);
    json["endpoint"] = one.endpoint;
    replicas.push_back(std::move(json));
  }
  if (context.json) {
    print_json({{"cell", cell}, {"serving", is_serving}, {"replicas", std::move(replicas)}});
  } else {
    if (!cell.empty()) std::printf("cell %s\n", cell.c_str());
    table.print();
  }
  return is_serving ? kOk : kUnreachable;
}

int run_new_id(const Context& context) {
  std::random_device device;
  std::string id;
  for (int i = 0; i < 4; ++i) {
    std::array<char, 9> word{};
    std::snprintf(word.data(), word.size(), "%08x", static_cast<unsigned>(device()));
    id += word.data();
  }
  if (context.json) {
    print_json({{"cell_id", id}});
  } else {
    std::printf("%s\n", id.c_str());
  }
  return kOk;
}

constexpr Description kStatus = {
    "status", "Show what each replica knows about itself",
    R"(A row for each address that --endpoints stand for. A healthy one is leader, follower or
observer, serves, and its APPLIED follows the leader's. The exit code is 0 when the cell serves,
else 69.

Examples:
  holdfast cell status
  until holdfast --timeout 1s cell status; do sleep 1; done)"};

constexpr Description kNewId = {
    "new-id", "Make an id for a new cell",
    R"(It is random, and given to all replicas of the cell: holdfastd init --cell-id.

Examples:
  holdfast cell new-id)"};

}  // namespace

void add_cell_commands(CLI::App& app, Action& action) {
  CLI::App* cell = add_group(app, "cell", "The cell and its replicas", kCellGroup);
  add_command(*cell, action, kStatus, run_status);
  add_command(*cell, action, kNewId, run_new_id);
}

}  // namespace holdfast::cli
