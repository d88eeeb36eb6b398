#include "thrift/printable.h"

#include <string>

#include <gtest/gtest.h>

#include "thrift/utf8.h"

namespace holdfast {
namespace {

TEST(Printable, TextStaysAndTheRestIsEscaped) {
  EXPECT_EQ(printable(""), "\"\"");
  EXPECT_EQ(printable("/a/Grüße"), "\"/a/Grüße\"");
  EXPECT_EQ(printable("a\"b\\c"), "\"a\\x22b\\x5cc\"");
  EXPECT_EQ(printable(std::string("\0\x1b\xff", 3)), "\"\\x00\\x1b\\xff\"");
  EXPECT_EQ(printable("\xc2\x9b"), "\"\\xc2\\x9b\"");
}

TEST(Printable, LongBytesAreCutAndCounted) {
  EXPECT_EQ(printable(std::string(80, 'x')), "\"" + std::string(80, 'x') + "\"");
  EXPECT_EQ(printable(std::string(81, 'x')), "\"" + std::string(80, 'x') + "\"… (81 bytes)");
}

TEST(Utf8, WellFormedBytesGiveCodePoints) {
  EXPECT_EQ(first_code_point("A").value, U'A');
  EXPECT_EQ(first_code_point("ßx").value, U'ß');
  EXPECT_EQ(first_code_point("ßx").length, 2U);
  EXPECT_EQ(first_code_point("日").length, 3U);
  EXPECT_EQ(first_code_point("🔒").value, U'🔒');
  EXPECT_EQ(first_code_point("\xf4\x8f\xbf\xbf").value, char32_t{0x10ffff});
  EXPECT_EQ(first_code_point(std::string(1, '\0')).length, 1U);
}

TEST(Utf8, IllFormedBytesGiveNone) {
  for (const std::string bytes :
       {"", "\x80", "\xbf", "\xc1\xbf", "\xc3", "\xc3(", "\xe0\x9f\xbf", "\xed\xbf\xbf",
        "\xf0\x8f\xbf\xbf", "\xf5\x80\x80\x80", "\xff", "\xe2\x28\xa1"}) {
    EXPECT_EQ(first_code_point(bytes).length, 0U) << printable(bytes);
  }
}

}  // namespace
}  // namespace holdfast
