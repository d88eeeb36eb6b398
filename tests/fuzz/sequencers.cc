#include <string>

#include "tests/fuzz/target.h"
#include "thrift/path.h"
#include "thrift/sequencer.h"
#include "zab/base/check.h"

// A sequencer comes back from servers and people: what is accepted is exactly what is given out.

namespace holdfast::fuzz {

void run(std::string_view input) {
  const Result<Sequencer> parsed = parse_sequencer(input);
  if (!parsed.ok()) {
    HOLDFAST_CHECK(!parsed.status().message().empty(), "a refusal has words");
    return;
  }
  HOLDFAST_CHECK(format_sequencer(*parsed) == input, "accepted, but written otherwise");
  HOLDFAST_CHECK(check_path(parsed->path).ok(), "its path is none");
  HOLDFAST_CHECK(parsed->acquisition >= parsed->generation, "acquired before the lock was held");
  HOLDFAST_CHECK(parsed->mode == LockMode::kShared || parsed->acquisition == parsed->generation,
                 "an exclusive holder is the first of its generation");
}

}  // namespace holdfast::fuzz
