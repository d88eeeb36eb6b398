#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "tests/explore/message_pool.h"
#include "tests/explore/node.h"

namespace holdfast::explore {

using LinkId = std::uint32_t;

// All connections that one replica has dialled to another, by age. Side 0 is the dialler's.
struct Connection {
  std::array<bool, 2> is_open = {true, true};
  std::array<std::vector<MessageId>, 2> inbox;  // On the way to that side.
};
using Link = std::vector<Connection>;

// What an open end offers to its owner.
struct OpenEnd {
  std::uint8_t rank = 0;
  bool has_message = false;
  MessageId oldest = 0;
  bool is_orphaned = false;  // The other side is gone.
};

// Every link that was ever seen, once, by its content. Number 0 is the link without connections.
class Links {
 public:
  explicit Links(const MessagePool& pool) : pool_(&pool) { intern({}); }

  LinkId intern(Link link);
  const Link& at(LinkId id) const { return links_[id].link; }
  // Does not depend on whose link it is.
  std::uint64_t hash(LinkId id) const { return links_[id].hash; }
  const std::vector<OpenEnd>& ends(LinkId id, std::size_t side) const {
    return links_[id].ends[side];
  }
  std::size_t size() const { return links_.size(); }

 private:
  struct Known {
    Link link;
    std::uint64_t hash = 0;
    std::array<std::vector<OpenEnd>, 2> ends;
  };

  const MessagePool* pool_;
  std::vector<Known> links_;
  boost::unordered_flat_map<std::uint64_t, LinkId> ids_;
};

// What the input and the answer of the replica on `side` make of a link: the message that was
// delivered is taken from it, and what was said is put in. `peer` is the replica on the other side,
// as the lines in both name it.
struct LinkChange {
  const Input& input;
  const std::vector<Said>& said;
  std::size_t side = 0;
  std::uint8_t peer = 0;
  const Setup& setup;
};
Link change(const Link& link, const LinkChange& what, MessagePool& pool);

}  // namespace holdfast::explore
