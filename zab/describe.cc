#include <string>
#include <string_view>
#include <variant>

#include "zab/message.h"

namespace holdfast::zab {
namespace {

std::string head(std::string_view name, Epoch epoch) {
  return std::string(name) + " e=" + to_string(epoch);
}

std::string bytes_of(const SharedBytes& bytes) {
  return std::to_string(bytes.size()) + " bytes";
}

struct Describer {
  std::string operator()(const LearnerInfo& m) const {
    return std::string(m.observer ? "OBSERVERINFO" : "FOLLOWERINFO") +
           " from=" + to_string(m.from) + " incarnation=" + to_string(m.incarnation) +
           " accepted=" + to_string(m.accepted) + " " + to_string(m.membership) +
           " config=" + to_string(m.config_version);
  }
  std::string operator()(const LeaderInfo& m) const {
    return head("LEADERINFO", m.epoch) + (m.bootstrap ? " bootstrap" : "");
  }
  std::string operator()(const AckEpoch& m) const {
    return head("ACKEPOCH", m.epoch) + (m.promised ? "" : " not promised") +
           " current=" + to_string(m.current) + " epochs=" + to_string(m.epochs) +
           " floor=" + to_string(m.floor);
  }
  std::string operator()(const Diff& m) const {
    return head("DIFF", m.epoch) + " from=" + to_string(m.from);
  }
  std::string operator()(const Trunc& m) const {
    return head("TRUNC", m.epoch) + " to=" + to_string(m.to);
  }
  std::string operator()(const Snap& m) const {
    return head("SNAP", m.epoch) + " zxid=" + to_string(m.zxid);
  }
  std::string operator()(const SnapChunk& m) const {
    return head("SNAPCHUNK", m.epoch) + " " + bytes_of(m.bytes);
  }
  std::string operator()(const SnapEnd& m) const {
    return head("SNAPEND", m.epoch) + " chunks=" + std::to_string(m.chunks) +
           " checksum=" + std::to_string(m.checksum);
  }
  std::string operator()(const SnapAck& m) const {
    return head("SNAPACK", m.epoch) + " chunks=" + std::to_string(m.chunks);
  }
  std::string operator()(const Proposal& m) const {
    return head("PROPOSAL", m.epoch) + " " + describe_range(m.entries) +
           " committed=" + to_string(m.committed);
  }
  std::string operator()(const NewLeader& m) const {
    return head("NEWLEADER", m.epoch) + " last=" + to_string(m.last);
  }
  std::string operator()(const AckNewLeader& m) const { return head("ACK-NEWLEADER", m.epoch); }
  std::string operator()(const UpToDate& m) const {
    return head("UPTODATE", m.epoch) + " committed=" + to_string(m.committed);
  }
  std::string operator()(const Ack& m) const {
    return head("ACK", m.epoch) + " durable=" + to_string(m.durable);
  }
  std::string operator()(const Commit& m) const {
    return head("COMMIT", m.epoch) + " committed=" + to_string(m.committed);
  }
  std::string operator()(const Inform& m) const {
    return head("INFORM", m.epoch) + " " + describe_range(m.entries);
  }
  std::string operator()(const Ping& m) const {
    return head("PING", m.epoch) + " round=" + std::to_string(m.round) +
           " committed=" + to_string(m.committed);
  }
  std::string operator()(const Pong& m) const {
    return head("PONG", m.epoch) + " round=" + std::to_string(m.round) +
           " applied=" + to_string(m.applied) + " free=" + std::to_string(m.free_bytes) +
           " touched=" + std::to_string(m.touched.size());
  }
  std::string operator()(const ReadIndex& m) const {
    return head("READINDEX", m.epoch) + " tag=" + std::to_string(m.tag) +
           " touched=" + std::to_string(m.touched.size());
  }
  std::string operator()(const ReadIndexReply& m) const {
    return head("READINDEX-REPLY", m.epoch) + " tag=" + std::to_string(m.tag) +
           " committed=" + to_string(m.committed);
  }
  std::string operator()(const Request& m) const {
    return head("REQUEST", m.epoch) + " " + bytes_of(m.payload);
  }
  std::string operator()(const RequestReply& m) const {
    return head("REQUEST-REPLY", m.epoch) + " " + bytes_of(m.payload);
  }
};

}  // namespace

std::string describe(const Notification& n) {
  return "NOTIFICATION from=" + to_string(n.from) + " incarnation=" + to_string(n.incarnation) +
         " " + to_string(n.role) + " " + to_string(n.membership) + " vote=" + to_string(n.vote) +
         " round=" + std::to_string(n.round) + " config=" + to_string(n.config_version);
}

std::string describe(const Message& message) {
  return std::visit(Describer{}, message);
}

}  // namespace holdfast::zab
