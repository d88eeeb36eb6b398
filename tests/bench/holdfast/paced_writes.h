#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "tests/bench/holdfast/generator.h"
#include "tests/bench/load/open_loop.h"

namespace holdfast::bench {

// Writes of an open loop over nodes of their own, each of which is written by one session, and
// what has to be true of the nodes afterwards.
class PacedWrites {
 public:
  // The sessions of the generator as they are then.
  PacedWrites(Generator& generator, const std::string& folder);

  // The nodes, before anything else.
  boost::asio::awaitable<void> make_nodes();
  // Sends what the loop says is due, until that is all.
  boost::asio::awaitable<void> send(OpenLoop& loop);
  boost::asio::awaitable<void> wait_for_answers(const OpenLoop& loop);
  // Reads the nodes: each acknowledged write is there exactly once. What is wrong about them or
  // about an earlier answer; empty if nothing.
  boost::asio::awaitable<std::string> find_wrong();

  const std::string& path(std::size_t node) const { return nodes_.at(node).path; }
  // Of the contents, by what was acknowledged.
  std::uint64_t generation(std::size_t node) const {
    return nodes_.at(node).first_generation + nodes_.at(node).acknowledgements;
  }

 private:
  struct Node {
    std::size_t session = 0;
    std::string path;
    std::string contents;
    std::uint64_t first_generation = 0;
    std::vector<bool> acknowledged;  // By the generation, after the first.
    std::size_t acknowledgements = 0;
    std::size_t unknown = 0;  // May have been carried out.
  };

  void send_one(OpenLoop& loop, Node& node, Nanoseconds due);
  void on_written(Node& node, const client::Written& written);
  void on_error(Node& node, const client::Error& error);
  void on_wrong(std::string what);

  Generator& generator_;
  std::deque<Node> nodes_;
  std::size_t next_ = 0;
  std::string wrong_;  // The first.
};

}  // namespace holdfast::bench
