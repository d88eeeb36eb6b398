#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::cli {

// Lines from a terminal, edited and remembered by libedit. At most one at a time.
class LineReader {
 public:
  // For a line up to the cursor: what its last word could become, as it has to be written.
  using Complete = std::function<std::vector<std::string>(const std::string& line)>;

  // `history_file`: what was typed before, and by the end what is typed now; empty for none.
  LineReader(std::string history_file, Complete complete);
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  // The next line; an empty one after Ctrl-C; nothing at the end.
  std::optional<std::string> read(const std::string& prompt);

 private:
  std::string history_file_;
};

}  // namespace holdfast::cli
