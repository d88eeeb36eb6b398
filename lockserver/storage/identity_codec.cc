#include <array>
#include <charconv>
#include <cstdio>
#include <utility>

#include "lockserver/storage/crc32c.h"
#include "lockserver/storage/record_codec.h"

namespace holdfast::storage {
namespace {

constexpr std::string_view kFirstLine = "holdfast-identity 1\n";
constexpr std::string_view kChecksumName = "checksum: ";

std::string escaped(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

std::string unescaped(std::string_view value) {
  std::string out;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '\\' && i + 1 < value.size()) {
      ++i;
      out += value[i] == 'n' ? '\n' : value[i];
    } else {
      out += value[i];
    }
  }
  return out;
}

std::string checksum_line(std::string_view text) {
  std::array<char, 16> digits{};
  std::snprintf(digits.data(), digits.size(), "%08x", masked_crc(crc32c(text, 0)));
  return std::string(kChecksumName) + digits.data() + "\n";
}

// Takes the line "name: value" from the front of `text`.
std::optional<std::string> take_line(std::string_view& text, std::string_view name) {
  if (!text.starts_with(name)) return std::nullopt;
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string value = unescaped(text.substr(name.size(), end - name.size()));
  text.remove_prefix(end + 1);
  return value;
}

}  // namespace

std::string encode_identity(const Identity& identity) {
  std::string text(kFirstLine);
  text += "cell-name: " + escaped(identity.cell_name) + "\n";
  text += "cell-id: " + escaped(identity.cell_id) + "\n";
  text += "id: " + to_string(identity.id) + "\n";
  text += "members: " + escaped(identity.members) + "\n";
  return text + checksum_line(text);
}

Result<Identity> decode_identity(std::string_view text) {
  const std::size_t checksum_at = text.rfind(kChecksumName);
  if (!text.starts_with(kFirstLine) || checksum_at == std::string_view::npos) {
    return Status(StatusCode::kCorrupt, "the identity has a wrong form");
  }
  if (text.substr(checksum_at) != checksum_line(text.substr(0, checksum_at))) {
    return Status(StatusCode::kCorrupt, "the identity does not match its checksum");
  }
  std::string_view lines = text.substr(0, checksum_at);
  lines.remove_prefix(kFirstLine.size());
  const auto cell_name = take_line(lines, "cell-name: ");
  const auto cell_id = take_line(lines, "cell-id: ");
  const auto id_digits = take_line(lines, "id: ");
  const auto members = take_line(lines, "members: ");
  if (!cell_name || !cell_id || !id_digits || !members || !lines.empty()) {
    return Status(StatusCode::kCorrupt, "the identity has a wrong form");
  }
  Identity identity{.cell_name = *cell_name, .cell_id = *cell_id, .id = {}, .members = *members};
  const char* const end = id_digits->data() + id_digits->size();
  const auto parsed = std::from_chars(id_digits->data(), end, identity.id.value);
  if (parsed.ec != std::errc() || parsed.ptr != end) {
    return Status(StatusCode::kCorrupt, "the identity has a wrong replica id");
  }
  return identity;
}

}  // namespace holdfast::storage
