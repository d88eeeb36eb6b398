#pragma once

#include "zab/base/ids.h"

namespace holdfast::replica {

// Names one call of one client within a run of this replica; grows in the order in which calls
// come. A command that is made for a call carries it in its origin.
using CallId = StrongId<struct CallIdTag>;

}  // namespace holdfast::replica
