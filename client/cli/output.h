#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "client/requests.h"
#include "client/values.h"

// How values look, for people and for programs. In JSON, zxids and 64-bit ids are strings, because
// many readers of JSON round large numbers.

namespace holdfast::cli {

using Json = nlohmann::ordered_json;

void print_json(const Json& json);       // Indented.
void print_json_line(const Json& json);  // One line, flushed.

std::string time_text(std::int64_t wall_ms);  // "2026-03-01 12:00:00", local; "-" for 0.
std::string mode_text(LockMode mode);
std::string kind_text(client::NodeKind kind);
std::string role_text(client::ReplicaRole role);
std::string event_text(client::EventKind kind);
std::string state_text(client::LockState state);

Json to_json(const client::Stat& stat);
Json to_json(const client::LockParty& party);
Json to_json(const client::LockInfo& lock);
Json to_json(const client::SessionInfo& session);
Json to_json(const client::Event& event);
// Foreign text for people: what a terminal could take for a command stands as \xNN.
std::string clean_text(std::string_view text);

}  // namespace holdfast::cli
