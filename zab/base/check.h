#pragma once

#include <string>

// Checks of invariants. They are on in every build: a broken invariant is a bug of ours, and a
// replica that stops is better than one that goes on with wrong state. The second argument is any
// expression convertible to std::string that describes the state; it is evaluated only when the
// check fails.

namespace holdfast {

// Prints the place, the condition and the description to standard error and aborts the process.
[[noreturn]] void check_failed(const char* file, int line, const char* condition,
                               const std::string& description);

}  // namespace holdfast

#define HOLDFAST_CHECK(condition, description)                                 \
  do {                                                                         \
    if (!(condition)) [[unlikely]] {                                           \
      ::holdfast::check_failed(__FILE__, __LINE__, #condition, (description)); \
    }                                                                          \
  } while (false)
