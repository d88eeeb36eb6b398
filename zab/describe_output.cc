#include <string>
#include <variant>

#include "zab/output.h"

namespace holdfast::zab {
namespace {

struct OpDescriber {
  std::string operator()(const SetAcceptedEpoch& op) const {
    return "accepted epoch=" + to_string(op.epoch) + (op.provisions ? " provisions" : "");
  }
  std::string operator()(const SetCurrentEpoch& op) const {
    return "current epoch=" + to_string(op.epoch) + (op.provisions ? " provisions" : "");
  }
  std::string operator()(const Append& op) const { return "append " + describe_range(op.entries); }
  std::string operator()(const TruncateTo& op) const { return "truncate to " + to_string(op.last); }
  std::string operator()(const BeginImage& op) const {
    return "begin image zxid=" + to_string(op.zxid);
  }
  std::string operator()(const StageChunk& op) const {
    return "stage chunk " + std::to_string(op.bytes.size()) + " bytes";
  }
  std::string operator()(const InstallImage& op) const {
    return "install image zxid=" + to_string(op.zxid);
  }
  std::string operator()(const Purge& op) const { return "purge through " + to_string(op.through); }
};

struct OutputDescriber {
  std::string operator()(const Persist& o) const {
    return "persist #" + to_string(o.token) + " " + describe(o.op);
  }
  std::string operator()(const Send& o) const {
    return "send conn=" + to_string(o.conn) + " " + describe(o.message);
  }
  std::string operator()(const Notify& o) const {
    return "notify to=" + to_string(o.to) + " " + describe(o.notification);
  }
  std::string operator()(const Dial& o) const {
    return "dial #" + to_string(o.dial) + " to=" + to_string(o.to);
  }
  std::string operator()(const Close& o) const {
    return "close conn=" + to_string(o.conn) + ": " + o.reason;
  }
  std::string operator()(const Deliver& o) const { return "deliver " + describe_range(o.entries); }
  std::string operator()(const ImageInstalled& o) const {
    return "image installed zxid=" + to_string(o.zxid);
  }
  std::string operator()(const ReadLog& o) const {
    return "read log #" + std::to_string(o.read) + " after=" + to_string(o.after) +
           " through=" + to_string(o.through) + " max=" + std::to_string(o.max_bytes);
  }
  std::string operator()(const OpenImage& o) const {
    return "open image #" + std::to_string(o.transfer);
  }
  std::string operator()(const ReadImageChunk& o) const {
    return "read image #" + std::to_string(o.transfer) + " max=" + std::to_string(o.max_bytes);
  }
  std::string operator()(const CloseImage& o) const {
    return "close image #" + std::to_string(o.transfer);
  }
  std::string operator()(const ReadReady& o) const {
    return "read ready tag=" + std::to_string(o.tag) + " zxid=" + to_string(o.zxid);
  }
  std::string operator()(const RoleChange& o) const {
    return "role=" + to_string(o.role) + " phase=" + to_string(o.phase) +
           " epoch=" + to_string(o.epoch) + " leader=" + to_string(o.leader) +
           " generation=" + std::to_string(o.generation);
  }
  std::string operator()(const Serve& o) const {
    return "serve role=" + to_string(o.role) + " epoch=" + to_string(o.epoch);
  }
  std::string operator()(const StopServing&) const { return "stop serving"; }
  std::string operator()(const ForwardedRequest& o) const {
    return "forwarded request conn=" + to_string(o.conn) + " from=" + to_string(o.from) + " " +
           std::to_string(o.payload.size()) + " bytes";
  }
  std::string operator()(const ForwardRefused& o) const {
    return "forward refused " + std::to_string(o.payload.size()) + " bytes";
  }
  std::string operator()(const Touched& o) const {
    return "touched " + std::to_string(o.sessions.size()) + " sessions";
  }
  std::string operator()(const Fatal& o) const { return "fatal: " + o.reason; }
};

}  // namespace

std::string describe(const PersistOp& op) {
  return std::visit(OpDescriber{}, op);
}

std::string describe(const Output& output) {
  return std::visit(OutputDescriber{}, output);
}

}  // namespace holdfast::zab
