#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace holdfast::cli {

// Columns as wide as their widest cell, two blanks between them; the first row is the head. On a
// terminal the widest columns are cut, with "…", until a row fits into a line; elsewhere nothing is
// cut. Control characters do not reach the terminal.
class Table {
 public:
  explicit Table(std::vector<std::string> head) { add(std::move(head)); }
  void add(std::vector<std::string> row);
  void print() const;
  // In lines of at most `columns`; 0 for any length.
  std::string text(std::size_t columns) const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// Of the terminal that is standard output, or of COLUMNS if it does not know its own; 0 if standard
// output is no terminal.
std::size_t terminal_columns();

}  // namespace holdfast::cli
