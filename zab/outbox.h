#pragma once

#include <utility>
#include <vector>

#include "zab/output.h"

namespace holdfast::zab {

// The outputs that have not been taken yet, in order.
class Outbox {
 public:
  void push(Output output) { outputs_.push_back(std::move(output)); }
  void send(ConnId conn, Message message) { push(Send{conn, std::move(message)}); }

  std::vector<Output> take() { return std::exchange(outputs_, {}); }
  const std::vector<Output>& waiting() const { return outputs_; }

 private:
  std::vector<Output> outputs_;
};

}  // namespace holdfast::zab
