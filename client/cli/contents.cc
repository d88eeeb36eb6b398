#include "client/cli/contents.h"

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "thrift/utf8.h"

namespace holdfast::cli {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string to_base64(std::string_view bytes) {
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    const std::size_t have = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t k = 0; k < 3; ++k) {
      group = (group << 8U) | (k < have ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      out += k <= have ? kAlphabet[(group >> (18U - 6U * k)) & 63U] : '=';
    }
  }
  return out;
}

bool from_base64(std::string_view text, std::string& out) {
  out.clear();
  if (text.size() % 4 != 0) return false;
  if (text.ends_with('=')) text.remove_suffix(text.ends_with("==") ? 2 : 1);
  std::uint32_t bits = 0;
  int have = 0;
  for (const char c : text) {
    const std::size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) return false;
    bits = (bits << 6U) | static_cast<std::uint32_t>(value);
    have += 6;
    if (have >= 8) {
      have -= 8;
      out += static_cast<char>((bits >> static_cast<unsigned>(have)) & 0xffU);
    }
  }
  return true;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const CodePoint point = first_code_point(text);
    if (point.length == 0) return false;
    text.remove_prefix(point.length);
  }
  return true;
}

}  // namespace

void add_contents(Json& json, const std::string& name, const std::string& contents) {
  if (is_utf8(contents)) {
    json[name] = contents;
  } else {
    json[name + "_base64"] = to_base64(contents);
  }
}

bool read_contents(const Json& json, const std::string& name, std::string& contents) {
  if (json.contains(name) && json[name].is_string()) {
    contents = json[name].get<std::string>();
    return true;
  }
  const std::string encoded = name + "_base64";
  return json.contains(encoded) && json[encoded].is_string() &&
         from_base64(json[encoded].get<std::string>(), contents);
}

}  // namespace holdfast::cli
