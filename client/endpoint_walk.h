#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "zab/base/ids.h"
#include "zab/base/random.h"

namespace holdfast::client {

// Which replica to try next, and when: the endpoints in a circle, beginning anywhere. After a
// connection that was of use, the first attempt is made at once; further ones after a pause that
// doubles from 50 ms to 2 s, jittered down to its half, so that the clients of a cell that comes
// back do not come in step.
class EndpointWalk {
 public:
  EndpointWalk(std::vector<std::string> endpoints, Random random);

  struct Attempt {
    std::string endpoint;
    Ticks at = 0;
  };
  Attempt next(Ticks now);

  // A replica named where the leader is: the next attempt goes there, once in a round.
  void hint(const std::string& leader);
  // The present connection was of use: the next attempt begins a new round.
  void on_success();

 private:
  std::vector<std::string> endpoints_;
  Random random_;
  std::size_t place_ = 0;
  std::size_t attempts_ = 0;  // Since the last success.
  std::string hint_;
  bool hint_used_ = false;  // In this round.
};

}  // namespace holdfast::client
