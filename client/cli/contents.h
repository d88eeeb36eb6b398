#pragma once

#include <string>

#include "client/cli/output.h"

namespace holdfast::cli {

// Bytes as text where they are UTF-8, else in base64 under "<name>_base64".
void add_contents(Json& json, const std::string& name, const std::string& contents);
// What add_contents() wrote; false if it is not there or no base64.
bool read_contents(const Json& json, const std::string& name, std::string& contents);

}  // namespace holdfast::cli
