#include "client/cli/table.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include <sys/ioctl.h>
#include <unistd.h>

#include "client/cli/output.h"
#include "command_line/help.h"
#include "thrift/utf8.h"

namespace holdfast::cli {
namespace {

using command_line::display_width;

constexpr std::size_t kGap = 2;
constexpr std::size_t kColumnMin = 6;  // Less of a cell says nothing any more.
constexpr std::size_t kColumnsWithoutSize = 80;

std::string cut(const std::string& text, std::size_t width) {
  if (display_width(text) <= width) return text;
  std::string out;
  std::size_t used = 0;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::string_view one =
        rest.substr(0, std::max<std::size_t>(1, first_code_point(rest).length));
    if (used + display_width(one) + 1 > width) break;
    out += one;
    used += display_width(one);
    rest.remove_prefix(one.size());
  }
  return out + "…";
}

// Narrows the widest columns one by one.
void fit(std::vector<std::size_t>& widths, std::size_t columns) {
  std::size_t total = kGap * (widths.size() - 1);
  for (const std::size_t width : widths) total += width;
  while (total > columns) {
    const auto widest = std::max_element(widths.begin(), widths.end());
    if (*widest <= kColumnMin) return;
    --*widest;
    --total;
  }
}

}  // namespace

void Table::add(std::vector<std::string> row) {
  for (std::string& cell : row) cell = clean_text(cell);
  rows_.push_back(std::move(row));
}

std::string Table::text(std::size_t columns) const {
  std::vector<std::size_t> widths;
  for (const auto& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()), 0);
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], display_width(row[i]));
  }
  if (columns != 0) fit(widths, columns);
  std::string out;
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string cell = cut(row[i], widths[i]);
      out += cell;
      if (i + 1 < row.size()) out.append(widths[i] - display_width(cell) + kGap, ' ');
    }
    out += '\n';
  }
  return out;
}

void Table::print() const {
  std::fputs(text(terminal_columns()).c_str(), stdout);
}

std::size_t terminal_columns() {
  if (isatty(STDOUT_FILENO) != 1) return 0;
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  const char* told = std::getenv("COLUMNS");
  const long columns = told == nullptr ? 0 : std::strtol(told, nullptr, 10);
  return columns > 0 ? static_cast<std::size_t>(columns) : kColumnsWithoutSize;
}

}  // namespace holdfast::cli
