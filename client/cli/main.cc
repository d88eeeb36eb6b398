#include <clocale>
#include <string>
#include <vector>

#include "client/cli/program.h"

int main(int argc, char** argv) {
  // Everything that is printed is UTF-8, and so are the widths of its letters.
  std::setlocale(LC_CTYPE, "C.UTF-8");
  return holdfast::cli::Program().run(std::vector<std::string>(argv + 1, argv + argc));
}
