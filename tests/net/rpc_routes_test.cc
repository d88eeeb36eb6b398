#include "lockserver/net/rpc_routes.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/net/line.h"
#include "tests/net/samples.h"
#include "thrift/gen/LockService.h"
#include "zab/base/random.h"

namespace holdfast::net {
namespace {

using apache::thrift::protocol::TMessageType;
using testing::Caller;
using testing::Edge;
using testing::Line;
using testing::NamedBytes;
using testing::sample_calls;

constexpr WireProtocol kProtocols[] = {WireProtocol::kBinary, WireProtocol::kCompact};

// A struct of arguments in which nothing is set.
struct NoFields {
  template <typename Protocol>
  void write(Protocol* protocol) const {
    protocol->writeStructBegin("args");
    protocol->writeFieldStop();
    protocol->writeStructEnd();
  }
};

class Routes : public ::testing::TestWithParam<WireProtocol> {
 protected:
  std::string call(const std::string& method, TMessageType type, std::int32_t sequence_id) const {
    api::LockService_exists_args args;
    args.request.path = "/";
    args.__isset.request = true;
    return encode_message(
        {.protocol = GetParam(), .method = method, .type = type, .sequence_id = sequence_id}, args);
  }
  // Nothing was called, and the words say why.
  void expect_refused(const std::string& bytes, const std::string& words) {
    const Status status = line_.send(bytes);
    EXPECT_EQ(status.code(), StatusCode::kInvalid);
    EXPECT_NE(status.message().find(words), std::string::npos) << status.message();
    edge_.cell.settle();
    EXPECT_TRUE(line_.replies().empty());
  }

  Edge edge_;
  Line line_{edge_, GetParam()};
};

INSTANTIATE_TEST_SUITE_P(BothProtocols, Routes, ::testing::ValuesIn(kProtocols),
                         [](const auto& protocol) {
                           return protocol.param == WireProtocol::kBinary ? "Binary" : "Compact";
                         });

TEST_P(Routes, TheReplyHasTheProtocolTheMethodAndTheNumberOfItsCall) {
  ASSERT_TRUE(line_.send(call("exists", TMessageType::T_CALL, -7)).ok());
  edge_.cell.settle();
  ASSERT_EQ(line_.replies().size(), 1U);
  const MessageHead head = *decode_message_head(line_.replies()[0], kReplyLimits);
  EXPECT_EQ(head, (MessageHead{.protocol = GetParam(),
                               .method = "exists",
                               .type = TMessageType::T_REPLY,
                               .sequence_id = -7}));
}

TEST_P(Routes, EveryMethodOfTheServiceHasARoute) {
  for (const NamedBytes& sample : sample_calls(GetParam())) {
    const Status status = line_.send(sample.bytes);
    EXPECT_TRUE(status.ok()) << sample.name << ": " << status.message();
    edge_.cell.advance(100);
    ASSERT_EQ(line_.replies().size(), 1U) << sample.name << " was not answered";
    EXPECT_EQ(decode_message_head(line_.take_replies()[0], kReplyLimits)->method, sample.name);
  }
}

TEST_P(Routes, OnlyACallOfAKnownMethodIsCarriedOut) {
  expect_refused(call("make_coffee", TMessageType::T_CALL, 1), "unknown method \"make_coffee\"");
  expect_refused(call("", TMessageType::T_CALL, 1), "unknown method");
  expect_refused(call("exists", TMessageType::T_ONEWAY, 1), "no call");
  expect_refused(call("exists", TMessageType::T_REPLY, 1), "no call");
  expect_refused(call("exists", TMessageType::T_EXCEPTION, 1), "no call");
}

TEST_P(Routes, ACallWithoutItsRequestIsRefused) {
  const MessageHead head{.protocol = GetParam(), .method = "exists", .sequence_id = 1};
  expect_refused(encode_message(head, NoFields()), "without its request");
}

TEST_P(Routes, BytesBehindTheMessageAndCutMessagesAreRefused) {
  const std::string whole = call("exists", TMessageType::T_CALL, 1);
  expect_refused(whole + '\0', "after the end");
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(line_.send(std::string_view(whole).substr(0, length)).ok()) << length;
  }
  edge_.cell.settle();
  EXPECT_TRUE(line_.replies().empty());
}

TEST_P(Routes, DamagedCallsAreRefusedOrAnsweredOnce) {
  Random dice(11);
  std::size_t refused = 0;
  std::size_t taken = 0;
  for (const NamedBytes& sample : sample_calls(GetParam())) {
    for (int round = 0; round < 200; ++round) {
      std::string bytes = sample.bytes;
      for (std::uint64_t n = dice.below(3) + 1; n > 0; --n) {
        bytes[dice.below(bytes.size())] = static_cast<char>(dice.below(256));
      }
      ++(line_.send(bytes).ok() ? taken : refused);
    }
    edge_.cell.settle();
  }
  EXPECT_GT(refused, 500U);
  EXPECT_GT(taken, 500U);
  edge_.cell.advance(11'000);  // Whatever waited for something has been answered by now.
  EXPECT_LE(line_.replies().size(), taken);
  Caller probe(edge_, GetParam());
  EXPECT_NE(probe.session, 0) << "the replica goes on as if nothing had been";
}

TEST(RoutesOfOneConnection, AnotherProtocolInTheMiddleIsStillUnderstood) {
  Edge edge;
  Line line(edge, WireProtocol::kBinary);
  for (const WireProtocol protocol : kProtocols) {
    api::ExistsRequest request;
    request.path = "/";
    ASSERT_TRUE(line.send(testing::StockClient(protocol).call(&api::LockServiceClient::send_exists,
                                                              request))
                    .ok());
    edge.cell.settle();
    ASSERT_EQ(line.replies().size(), 1U);
    EXPECT_EQ(decode_message_head(line.take_replies()[0], kReplyLimits)->protocol, protocol);
  }
}

}  // namespace
}  // namespace holdfast::net
