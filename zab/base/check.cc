#include "zab/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace holdfast {

void check_failed(const char* file, int line, const char* condition,
                  const std::string& description) {
  std::fprintf(stderr, "%s:%d: broken invariant: %s: %s\n", file, line, condition,
               description.c_str());
  std::fflush(stderr);
  std::abort();
}

}  // namespace holdfast
