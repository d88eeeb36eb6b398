#include "lockserver/net/client_codec.h"

#include <array>
#include <limits>
#include <string>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "lockserver/state/error_code.h"
#include "tests/net/edge.h"
#include "zab/base/limits.h"

// Requests in: each field reaches the value that the replica is given, and what is malformed is
// refused by name.

namespace holdfast::net {
namespace {

using state::ErrorCode;

const CellNames kCell{.name = "test",
                      .id = testing::cell_id_bytes(),
                      .sequencer_prefix = cell_prefix(testing::cell_id_bytes())};
const std::string kSequencer =
    "1:x:0000000100000005:0000000100000005:0000000100000003:0011223344556677:/a/lock";

template <typename T>
T good(const Parsed<T>& parsed) {
  const auto* error = std::get_if<state::Error>(&parsed);
  EXPECT_EQ(error, nullptr) << (error != nullptr ? error->message : "");
  return error == nullptr ? std::get<T>(parsed) : T{};
}

template <typename T>
state::Error refused(const Parsed<T>& parsed) {
  const auto* error = std::get_if<state::Error>(&parsed);
  EXPECT_NE(error, nullptr);
  return error != nullptr ? *error : state::Error{};
}

template <typename T>
void expect_bad(const Parsed<T>& parsed, const std::string& words) {
  const state::Error error = refused(parsed);
  EXPECT_EQ(error.code, ErrorCode::kBadArgument) << error.message;
  EXPECT_NE(error.message.find(words), std::string::npos) << error.message;
}

template <typename T>
void expect_too_large(const Parsed<T>& parsed, const std::string& limit_name, std::size_t limit) {
  const state::Error error = refused(parsed);
  EXPECT_EQ(error.code, ErrorCode::kTooLarge) << error.message;
  EXPECT_EQ(error.limit_name, limit_name);
  EXPECT_EQ(error.limit, limit);
  EXPECT_EQ(error.actual, limit + 1);
}

std::string too_long(std::size_t limit) {
  return std::string(limit + 1, 'x');
}

// ---- the header ---------------------------------------------------------------------------------

TEST(RequestTerms, CarryEveryFieldOfTheHeader) {
  api::RequestHeader header;
  header.session_id = -2;
  header.request_number = 7;
  header.answered_below = 6;
  header.last_seen_zxid = -1;
  header.__set_guard(kSequencer);
  header.__set_timeout_ms(1234);
  header.__set_cell_name("test");
  header.__set_cell_id(testing::cell_id_bytes());
  const replica::Terms terms = good(parse_terms(header, kCell));
  EXPECT_EQ(terms.session, SessionId(~0ULL - 1));
  EXPECT_EQ(terms.request, state::RequestNumber(7));
  EXPECT_EQ(terms.answered_below, state::RequestNumber(6));
  EXPECT_EQ(terms.last_seen, Zxid(~0ULL));
  ASSERT_TRUE(terms.guard.has_value());
  EXPECT_EQ(format_sequencer(*terms.guard), kSequencer);
  EXPECT_EQ(terms.timeout_ms, 1234);
}

TEST(RequestTerms, AbsentFieldsLeaveTheDefaults) {
  const replica::Terms terms = good(parse_terms(api::RequestHeader(), kCell));
  EXPECT_TRUE(terms.session.is_none());
  EXPECT_FALSE(terms.guard.has_value());
  EXPECT_EQ(terms.timeout_ms, 10'000);
  api::RequestHeader zero;
  zero.__set_timeout_ms(0);
  EXPECT_EQ(good(parse_terms(zero, kCell)).timeout_ms, 10'000);
}

TEST(RequestTerms, AnotherCellIsRefusedByNameByIdAndByGuard) {
  api::RequestHeader name;
  name.__set_cell_name("other");
  EXPECT_EQ(refused(parse_terms(name, kCell)).code, ErrorCode::kWrongCell);
  api::RequestHeader id;
  id.__set_cell_id(std::string(16, 'x'));
  EXPECT_EQ(refused(parse_terms(id, kCell)).code, ErrorCode::kWrongCell);
  api::RequestHeader guard;
  guard.__set_guard(
      "1:x:0000000100000005:0000000100000005:0000000100000003:ffffffffffffffff:/a/lock");
  EXPECT_EQ(refused(parse_terms(guard, kCell)).code, ErrorCode::kWrongCell);
}

TEST(RequestTerms, AGuardThatIsNoSequencerAndANegativeTimeAreRefused) {
  api::RequestHeader guard;
  guard.__set_guard("1:x:");
  EXPECT_EQ(refused(parse_terms(guard, kCell)).code, ErrorCode::kBadArgument);
  api::RequestHeader time;
  time.__set_timeout_ms(-1);
  expect_bad(parse_terms(time, kCell), "timeout_ms");
}

// ---- paths and secrets --------------------------------------------------------------------------

TEST(RequestPaths, TheLongFormsOfThisCellBecomeTheShortOne) {
  EXPECT_EQ(good(parse_client_path("/a/b", kCell)), "/a/b");
  EXPECT_EQ(good(parse_client_path("/ls/test/a/b", kCell)), "/a/b");
  EXPECT_EQ(good(parse_client_path("/ls/local/a/b", kCell)), "/a/b");
  EXPECT_EQ(refused(parse_client_path("/ls/other/a", kCell)).code, ErrorCode::kWrongCell);
}

TEST(RequestPaths, ALengthThatIsTooGreatIsNamed) {
  std::string path;
  while (path.size() <= limits::kPathBytesMax) path += "/component";
  const state::Error whole = refused(parse_client_path(path, kCell));
  EXPECT_EQ(whole.code, ErrorCode::kTooLarge);
  EXPECT_EQ(whole.limit_name, "path_bytes_max");
  EXPECT_EQ(whole.actual, path.size());
  const state::Error part =
      refused(parse_client_path("/a/" + too_long(limits::kComponentBytesMax), kCell));
  EXPECT_EQ(part.code, ErrorCode::kTooLarge);
  EXPECT_EQ(part.limit_name, "component_bytes_max");
  EXPECT_EQ(part.limit, limits::kComponentBytesMax);
}

TEST(RequestPaths, WhatIsNoPathIsABadArgument) {
  for (const char* path :
       {"", "a", "/a/", "//", "/a/../b", "/a\x01", "/\xff", "/ls", "/.holdfast"}) {
    EXPECT_EQ(refused(parse_client_path(path, kCell)).code, ErrorCode::kBadArgument) << path;
  }
}

TEST(RequestSecrets, AreHashedAndHaveSixteenBytes) {
  const state::SecretHash hash = good(parse_secret(std::string(16, '\0')));
  EXPECT_EQ(hash.bytes.size(), 32U);
  EXPECT_EQ(static_cast<unsigned char>(hash.bytes[0]), 0x37U) << "SHA-256 of sixteen zero bytes";
  EXPECT_NE(good(parse_secret(std::string(16, 'x'))), hash);
  expect_bad(parse_secret("short"), "16 bytes, not 5");
  expect_bad(parse_secret(std::string(17, 'x')), "not 17");
}

// ---- sessions -----------------------------------------------------------------------------------

TEST(RequestsOfSessions, OpenCarriesEveryField) {
  api::OpenSessionRequest request;
  request.lease_ms = 5'000;
  request.client_name = "name";
  request.host = "host";
  request.secret = std::string(16, 'a');
  request.__set_instance_name("instance");
  api::PreviousSession previous;
  previous.instance_name = "earlier";
  previous.secret = std::string(16, 'b');
  request.__set_previous(previous);
  const state::OpenSession op = good(parse_open(request));
  EXPECT_EQ(op.lease_ms, 5'000);
  EXPECT_EQ(op.client_name, "name");
  EXPECT_EQ(op.host, "host");
  EXPECT_EQ(op.instance_name, "instance");
  EXPECT_EQ(op.secret, good(parse_secret(request.secret)));
  ASSERT_TRUE(op.previous.has_value());
  EXPECT_EQ(op.previous->instance_name, "earlier");
  EXPECT_EQ(op.previous->secret, good(parse_secret(previous.secret)));
}

TEST(RequestsOfSessions, OpenRefusesLongNamesByTheirLimit) {
  api::OpenSessionRequest good_request;
  good_request.secret = std::string(16, 'a');
  const std::string name = too_long(limits::kClientNameBytesMax);
  for (std::string api::OpenSessionRequest::*field :
       {&api::OpenSessionRequest::client_name, &api::OpenSessionRequest::host}) {
    api::OpenSessionRequest request = good_request;
    request.*field = name;
    expect_too_large(parse_open(request), "client_name_bytes_max", limits::kClientNameBytesMax);
  }
  api::OpenSessionRequest request = good_request;
  request.__set_instance_name(name);
  expect_too_large(parse_open(request), "client_name_bytes_max", limits::kClientNameBytesMax);
}

TEST(RequestsOfSessions, OpenRefusesWhatCanNeverBeRight) {
  api::OpenSessionRequest request;
  request.secret = std::string(16, 'a');
  request.lease_ms = -1;
  expect_bad(parse_open(request), "lease_ms");
  request.lease_ms = 0;
  request.header.session_id = 5;
  expect_bad(parse_open(request), "session_id");
  request.header.session_id = 0;
  request.secret = "short";
  expect_bad(parse_open(request), "secret");
  request.secret = std::string(16, 'a');
  request.__set_previous(api::PreviousSession());
  expect_bad(parse_open(request), "secret");
}

TEST(RequestsOfSessions, KillCarriesEveryFieldAndNeedsWords) {
  api::KillSessionRequest request;
  request.session_id = -1;
  request.reason = "why";
  request.operator_name = "who";
  request.now = true;
  const auto op = std::get<state::KillSession>(good(parse_kill(request)));
  EXPECT_EQ(op.session, SessionId(~0ULL));
  EXPECT_EQ(op.reason, "why");
  EXPECT_EQ(op.who, "who");
  EXPECT_TRUE(op.now);
  request.reason.clear();
  expect_bad(parse_kill(request), "reason");
  request.reason = too_long(limits::kReasonBytesMax);
  expect_too_large(parse_kill(request), "reason_bytes_max", limits::kReasonBytesMax);
  request.reason = "why";
  request.operator_name.clear();
  expect_bad(parse_kill(request), "operator_name");
  request.operator_name = too_long(limits::kClientNameBytesMax);
  expect_too_large(parse_kill(request), "client_name_bytes_max", limits::kClientNameBytesMax);
}

// ---- locks --------------------------------------------------------------------------------------

TEST(RequestsOfLocks, AcquireCarriesEveryField) {
  api::AcquireRequest request;
  request.path = "/a";
  request.mode = api::LockMode::SHARED;
  request.wait_ms = -1;
  request.lock_delay_ms = 60'000;
  request.owner = -1;
  request.description = "why";
  request.create = api::CreateMode::UNTIL_FREE;
  const auto op = std::get<state::Acquire>(good(parse_acquire(request, kCell)));
  EXPECT_EQ(op.path, "/a");
  EXPECT_EQ(op.mode, LockMode::kShared);
  EXPECT_EQ(op.wait_ms, -1);
  EXPECT_EQ(op.lock_delay_ms, 60'000);
  EXPECT_EQ(op.owner, state::OwnerId(~0ULL));
  EXPECT_EQ(op.description, "why");
  EXPECT_EQ(op.create, state::LockCreate::kUntilFree);
  request.create = api::CreateMode::PERSISTENT;
  request.mode = api::LockMode::EXCLUSIVE;
  const auto other = std::get<state::Acquire>(good(parse_acquire(request, kCell)));
  EXPECT_EQ(other.create, state::LockCreate::kPersistent);
  EXPECT_EQ(other.mode, LockMode::kExclusive);
}

TEST(RequestsOfLocks, AcquireRefusesWhatCanNeverBeRight) {
  const auto parse_with = [](const std::function<void(api::AcquireRequest&)>& change) {
    api::AcquireRequest request;
    request.path = "/a";
    change(request);
    return parse_acquire(request, kCell);
  };
  expect_bad(parse_with([](auto& r) { r.mode = static_cast<api::LockMode::type>(3); }),
             "lock mode 3");
  expect_bad(parse_with([](auto& r) { r.create = static_cast<api::CreateMode::type>(2); }),
             "create mode 2");
  expect_bad(parse_with([](auto& r) { r.wait_ms = -2; }), "wait_ms");
  expect_bad(parse_with([](auto& r) { r.lock_delay_ms = -1; }), "lock_delay_ms");
  expect_bad(parse_with([](auto& r) { r.lock_delay_ms = 60'001; }), "60000");
  expect_bad(parse_with([](auto& r) { r.path = "a"; }), "path");
  expect_too_large(
      parse_with([](auto& r) { r.description = too_long(limits::kDescriptionBytesMax); }),
      "description_bytes_max", limits::kDescriptionBytesMax);
}

TEST(RequestsOfLocks, BreakCarriesEveryFieldAndNeedsWords) {
  api::BreakLockRequest request;
  request.path = "/ls/local/a";
  request.acquisition = -1;
  request.reason = "why";
  request.operator_name = "who";
  request.now = true;
  const auto op = std::get<state::BreakLock>(good(parse_break(request, kCell)));
  EXPECT_EQ(op.path, "/a");
  EXPECT_EQ(op.acquisition, Zxid(~0ULL));
  EXPECT_EQ(op.reason, "why");
  EXPECT_EQ(op.who, "who");
  EXPECT_TRUE(op.now);
  request.operator_name.clear();
  expect_bad(parse_break(request, kCell), "operator_name");
  request.operator_name = "who";
  request.reason.clear();
  expect_bad(parse_break(request, kCell), "reason");
}

// ---- nodes --------------------------------------------------------------------------------------

TEST(RequestsOfNodes, CreateRemoveAndSetCarryEveryField) {
  api::CreateRequest create;
  create.path = "/a";
  create.contents = std::string("\0", 1);
  create.kind = api::NodeKind::EPHEMERAL;
  create.sequential = true;
  create.create_parents = true;
  const auto created = std::get<state::Create>(good(parse_create(create, kCell)));
  EXPECT_EQ(created, (state::Create{.path = "/a",
                                    .contents = create.contents,
                                    .kind = state::NodeKind::kEphemeral,
                                    .sequential = true,
                                    .create_parents = true}));
  create.kind = static_cast<api::NodeKind::type>(9);
  expect_bad(parse_create(create, kCell), "kind of node 9");

  api::RemoveRequest remove;
  remove.path = "/a";
  remove.owner = 4;
  remove.__set_if_instance(-1);
  remove.__set_if_content_generation(3);
  EXPECT_EQ(std::get<state::Remove>(good(parse_remove(remove, kCell))),
            (state::Remove{.path = "/a",
                           .conditions = {.instance = Zxid(~0ULL), .content_generation = 3},
                           .owner = state::OwnerId(4)}));

  api::SetContentsRequest set;
  set.path = "/a";
  set.contents = "new";
  EXPECT_EQ(std::get<state::SetContents>(good(parse_set(set, kCell))),
            (state::SetContents{.path = "/a", .contents = "new", .conditions = {}}));
  set.__set_if_instance(2);
  EXPECT_EQ(std::get<state::SetContents>(good(parse_set(set, kCell))).conditions.instance, Zxid(2));
}

TEST(RequestsOfNodes, ContentsAreBoundedAtTheDoor) {
  api::CreateRequest create;
  create.path = "/a";
  create.contents = too_long(limits::kContentBytesMax);
  expect_too_large(parse_create(create, kCell), "content_bytes_max", limits::kContentBytesMax);
  api::SetContentsRequest set;
  set.path = "/a";
  set.contents = create.contents;
  expect_too_large(parse_set(set, kCell), "content_bytes_max", limits::kContentBytesMax);
  api::MultiRequest multi;
  multi.ops.resize(1);
  multi.ops[0].__set_create({});
  multi.ops[0].create.path = "/a";
  multi.ops[0].create.contents = create.contents;
  expect_too_large(parse_multi(multi, kCell), "content_bytes_max", limits::kContentBytesMax);
}

TEST(RequestsOfNodes, AMultiCarriesEachKindOfOperation) {
  api::MultiRequest request;
  request.ops.resize(6);
  request.ops[0].__set_create({});
  request.ops[0].create.path = "/c";
  request.ops[1].__set_set_contents({});
  request.ops[1].set_contents.path = "/s";
  request.ops[2].__set_remove({});
  request.ops[2].remove.path = "/r";
  request.ops[3].__set_check_node({});
  request.ops[3].check_node.path = "/n";
  request.ops[3].check_node.__set_if_content_generation(2);
  request.ops[4].__set_check_absent({});
  request.ops[4].check_absent.path = "/x";
  request.ops[5].__set_check_sequencer({});
  request.ops[5].check_sequencer.sequencer = kSequencer;
  const auto multi = std::get<state::Multi>(good(parse_multi(request, kCell)));
  ASSERT_EQ(multi.ops.size(), 6U);
  EXPECT_EQ(std::get<state::Create>(multi.ops[0]).path, "/c");
  EXPECT_EQ(std::get<state::SetContents>(multi.ops[1]).path, "/s");
  EXPECT_EQ(std::get<state::Remove>(multi.ops[2]).path, "/r");
  EXPECT_EQ(
      std::get<state::Check>(multi.ops[3]),
      (state::Check{.path = "/n", .must_exist = true, .conditions = {.content_generation = 2}}));
  EXPECT_EQ(std::get<state::Check>(multi.ops[4]),
            (state::Check{.path = "/x", .must_exist = false, .conditions = {}}));
  EXPECT_EQ(format_sequencer(std::get<state::CheckHeld>(multi.ops[5]).sequencer), kSequencer);
}

TEST(RequestsOfNodes, AMultiNamesTheOperationThatIsWrong) {
  api::MultiRequest request;
  request.ops.resize(2);
  request.ops[0].__set_check_absent({});
  request.ops[0].check_absent.path = "/x";
  expect_bad(parse_multi(request, kCell), "operation 1: an operation of a multi must be exactly");
  request.ops[1].__set_create({});
  request.ops[1].__set_remove({});
  expect_bad(parse_multi(request, kCell), "operation 1: an operation of a multi must be exactly");
  request.ops[1] = {};
  request.ops[1].__set_check_sequencer({});
  request.ops[1].check_sequencer.sequencer = "no";
  expect_bad(parse_multi(request, kCell), "operation 1:");
  request.ops.resize(limits::kMultiOpsMax + 1);
  const state::Error error = refused(parse_multi(request, kCell));
  EXPECT_EQ(error.code, ErrorCode::kLimit);
  EXPECT_EQ(error.limit_name, "multi_ops_max");
  EXPECT_EQ(error.actual, limits::kMultiOpsMax + 1);
}

// ---- watches ------------------------------------------------------------------------------------

TEST(RequestsOfWatches, AWatchCarriesEveryFieldAndEveryKind) {
  api::WatchRequest request;
  request.watch_id = 4;
  request.path = "/a";
  request.recursive = true;
  request.kinds = {
      api::EventKind::CONTENTS_CHANGED, api::EventKind::CHILD_ADDED,  api::EventKind::CHILD_REMOVED,
      api::EventKind::NODE_DELETED,     api::EventKind::NODE_CREATED, api::EventKind::LOCK_ACQUIRED,
      api::EventKind::LOCK_RELEASED,    api::EventKind::LOCK_LOST,    api::EventKind::LOCK_CONFLICT,
      api::EventKind::LEADER_CHANGED,   api::EventKind::EVENTS_LOST};
  request.after.zxid = -1;
  request.after.index = 2;
  request.__isset.after = true;
  const replica::Watch watch = good(parse_watch(request, kCell));
  EXPECT_EQ(watch.id, 4U);
  EXPECT_EQ(watch.path, "/a");
  EXPECT_TRUE(watch.recursive);
  EXPECT_EQ(watch.kinds.size(), 10U) << "EVENTS_LOST comes in any case and is no kind of ours";
  for (const state::EventKind kind : watch.kinds) {
    EXPECT_TRUE(request.kinds.contains(static_cast<api::EventKind::type>(kind)));
  }
  EXPECT_EQ(watch.after, (state::EventName{.zxid = Zxid(~0ULL), .index = 2}));
}

TEST(RequestsOfWatches, AWatchNeedsANumberAndAKnownKind) {
  api::WatchRequest request;
  request.path = "/a";
  request.kinds = {api::EventKind::LOCK_LOST};
  expect_bad(parse_watch(request, kCell), "watch_id");
  request.watch_id = 1;
  EXPECT_FALSE(good(parse_watch(request, kCell)).after.has_value());
  request.kinds = {static_cast<api::EventKind::type>(99)};
  expect_bad(parse_watch(request, kCell), "kind of event 99");
  request.kinds.clear();
  expect_bad(parse_watch(request, kCell), "at least one kind");
}

}  // namespace
}  // namespace holdfast::net
