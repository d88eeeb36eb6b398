#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "client/requests.h"
#include "client/values.h"

// How values look, for people and for programs. In JSON, zxids and 64-bit ids are strings, because
// many readers of JSON round large numbers.

namespace holdfast::cli {

using Json = nlohmann::ordered_json;

// Columns as wide as their widest cell, two blanks between them; the first row is the head.
class Table {
 public:
  explicit Table(std::vector<std::string> head) { rows_.push_back(std::move(head)); }
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  void print() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

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
// Contents as text where they are UTF-8, else in base64 under another name.
void add_contents(Json& json, const std::string& contents);
// What add_contents made; nothing when the object has neither.
bool read_contents(const Json& json, std::string& contents);

}  // namespace holdfast::cli
