#include "thrift/sequencer.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "zab/base/random.h"

namespace holdfast {
namespace {

Sequencer shared_sequencer() {
  return {.mode = LockMode::kShared,
          .generation = Zxid(Epoch(7), 41),
          .acquisition = Zxid(Epoch(8), 2),
          .instance = Zxid(Epoch(1), 3),
          .cell_prefix = 0x0123456789abcdef,
          .path = "/reports/nightly"};
}

const std::string kShared =
    "1:s:0000000700000029:0000000800000002:0000000100000003:0123456789abcdef:/reports/nightly";
const std::string kExclusive =
    "1:x:0000000700000029:0000000700000029:0000000100000003:0123456789abcdef:/a:b";

TEST(Sequencer, FormatIsTheOneOfTheContract) {
  EXPECT_EQ(format_sequencer(shared_sequencer()), kShared);
  Sequencer exclusive = shared_sequencer();
  exclusive.mode = LockMode::kExclusive;
  exclusive.acquisition = exclusive.generation;
  exclusive.path = "/a:b";
  EXPECT_EQ(format_sequencer(exclusive), kExclusive);
}

TEST(Sequencer, ParsingGivesBackWhatWasFormatted) {
  const Result<Sequencer> parsed = parse_sequencer(kShared);
  ASSERT_TRUE(parsed.ok()) << parsed.status().message();
  EXPECT_EQ(*parsed, shared_sequencer());
  EXPECT_EQ(parse_sequencer(kExclusive)->path, "/a:b");
  EXPECT_EQ(format_sequencer(*parse_sequencer(kExclusive)), kExclusive);
}

TEST(Sequencer, HighBitsSurvive) {
  Sequencer sequencer = shared_sequencer();
  sequencer.generation = Zxid(Epoch(0xffffffff), 0xfffffffe);
  sequencer.acquisition = Zxid(Epoch(0xffffffff), 0xffffffff);
  sequencer.cell_prefix = 0xfedcba9876543210;
  EXPECT_EQ(*parse_sequencer(format_sequencer(sequencer)), sequencer);
}

TEST(Sequencer, OnlyTheCanonicalFormIsAccepted) {
  const std::vector<std::string> refused = {
      "",
      "1:s:",
      "2" + kShared.substr(1),
      "1:X" + kShared.substr(3),
      " " + kShared,
      kShared + "/",
      kShared + "\n",
      kShared.substr(0, kShared.find('/')),
      // Upper-case digits, a sign, a missing digit, another separator.
      "1:s:0000000700000029:0000000800000002:0000000100000003:0123456789ABCDEF:/a",
      "1:s:+000000700000029:0000000800000002:0000000100000003:0123456789abcdef:/a",
      "1:s:000000700000029:0000000800000002:0000000100000003:0123456789abcdef:/aa",
      "1:s:0000000700000029;0000000800000002:0000000100000003:0123456789abcdef:/a",
      // Paths that no node has.
      "1:s:0000000700000029:0000000800000002:0000000100000003:0123456789abcdef:a/b",
      "1:s:0000000700000029:0000000800000002:0000000100000003:0123456789abcdef:/ls/local/a",
  };
  for (const std::string& text : refused) {
    const Result<Sequencer> parsed = parse_sequencer(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.status().code(), StatusCode::kInvalid);
    EXPECT_NE(parsed.status().message().find("is not a sequencer: "), std::string::npos);
  }
}

TEST(Sequencer, ImpossibleAcquisitionsAreRefused) {
  // Exclusive with an acquisition of its own, shared before the generation, and numbers of 0.
  for (const std::string text :
       {"1:x:0000000700000029:000000070000002a:0000000100000003:0123456789abcdef:/a",
        "1:s:0000000700000029:0000000700000028:0000000100000003:0123456789abcdef:/a",
        "1:x:0000000000000000:0000000000000000:0000000100000003:0123456789abcdef:/a",
        "1:x:0000000700000029:0000000700000029:0000000000000000:0123456789abcdef:/a"}) {
    EXPECT_FALSE(parse_sequencer(text).ok()) << text;
  }
}

TEST(Sequencer, WhateverIsAcceptedAfterDamageFormatsToItself) {
  Random random(20);
  int accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text = kShared;
    text[random.below(text.size())] = static_cast<char>(random.below(256));
    const Result<Sequencer> parsed = parse_sequencer(text);
    if (parsed.ok()) {
      ++accepted;
      EXPECT_EQ(format_sequencer(*parsed), text);
    }
  }
  EXPECT_GT(accepted, 0);
}

TEST(Sequencer, CellPrefixIsTheFirstHalfOfTheId) {
  const std::string id = "\x01\x23\x45\x67\x89\xab\xcd\xefzzzzzzzz";
  EXPECT_EQ(cell_prefix(id), 0x0123456789abcdefU);
}

}  // namespace
}  // namespace holdfast
