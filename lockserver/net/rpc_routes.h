#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "lockserver/net/lock_service.h"
#include "thrift/message.h"
#include "zab/base/status.h"

namespace holdfast::net {

// Takes the bytes of a reply message, without their frame. Called once for each request that was
// taken.
using OnReply = std::function<void(std::string message)>;

// Carries one Thrift message out: finds the method by its name, decodes the arguments, calls the
// service, and encodes what it answers in the protocol and with the sequence id of the request. A
// failure, for bytes that are no call of a known method with arguments of the right types, means
// that nothing was called: the connection is then to be closed.
Status route(LockService& service, LockService::Lane lane, std::string_view message, OnReply reply);

}  // namespace holdfast::net
