#pragma once

#include <string_view>

// A fuzz target is one function over bytes. Built by clang it is searched by libFuzzer; built by
// any compiler it is replayed over the corpus by replay_main.cc.

namespace holdfast::fuzz {

// Takes any bytes. Aborts (HOLDFAST_CHECK) when something does not hold that must hold whatever
// the bytes are. Keeps nothing from one input to the next, so that each input tells the whole
// story. Each target defines it in its own file.
void run(std::string_view input);

}  // namespace holdfast::fuzz
