#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::cli {

// The words of a line as a shell takes them: separated by blanks, with '…', "…" and backslashes;
// from a # at the start of a word on it is a comment. Nothing if a quote is not closed.
std::optional<std::vector<std::string>> split_words(std::string_view line);

// The words up to the cursor at the line's end; the last one is the one that is being typed, empty
// after a blank. A quote may be open.
std::vector<std::string> words_to_complete(std::string_view line);

// The word as it has to be written so that split_words() gives it back.
std::string quoted(const std::string& word);

}  // namespace holdfast::cli
