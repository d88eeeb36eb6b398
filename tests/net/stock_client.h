#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include <thrift/protocol/TBinaryProtocol.h>
#include <thrift/protocol/TCompactProtocol.h>
#include <thrift/transport/TBufferTransports.h>

#include "thrift/gen/LockService.h"
#include "thrift/message.h"

// The client that Thrift generates from lockservice.thrift, over memory: what it writes is what any
// user's program sends, and what it can read is what such a program understands.

namespace holdfast::net::testing {

template <typename Request>
using SendCall = void (api::LockServiceClient::*)(const Request&);
template <typename Reply>
using ReceiveReply = void (api::LockServiceClient::*)(Reply&);

// The client of one message: its protocol over one buffer.
class StockClient {
 public:
  explicit StockClient(WireProtocol protocol) : StockClient(protocol, "") {}
  // Over bytes that have come.
  StockClient(WireProtocol protocol, std::string_view bytes)
      : buffer_(std::make_shared<apache::thrift::transport::TMemoryBuffer>()),
        client_(protocol_of(protocol)) {
    buffer_->write(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                   static_cast<std::uint32_t>(bytes.size()));
  }

  // A call's bytes without their frame.
  template <typename Request>
  std::string call(SendCall<Request> send, const Request& request) {
    (client_.*send)(request);
    return buffer_->getBufferAsString();
  }

  // Throws what the generated code throws.
  template <typename Reply>
  std::variant<Reply, api::LockServiceError> reply(ReceiveReply<Reply> receive) {
    Reply reply;
    try {
      (client_.*receive)(reply);
    } catch (const api::LockServiceError& error) {
      return error;
    }
    return reply;
  }

 private:
  std::shared_ptr<apache::thrift::protocol::TProtocol> protocol_of(WireProtocol protocol) {
    if (protocol == WireProtocol::kBinary) {
      return std::make_shared<apache::thrift::protocol::TBinaryProtocol>(buffer_);
    }
    return std::make_shared<apache::thrift::protocol::TCompactProtocol>(buffer_);
  }

  std::shared_ptr<apache::thrift::transport::TMemoryBuffer> buffer_;
  api::LockServiceClient client_;
};

}  // namespace holdfast::net::testing

// The pair of functions that the generated client has for a method.
#define HOLDFAST_METHOD(name) \
  &::holdfast::api::LockServiceClient::send_##name, &::holdfast::api::LockServiceClient::recv_##name
