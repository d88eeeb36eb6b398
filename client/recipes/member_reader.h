#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "client/recipes/group.h"
#include "client/session_ref.h"

namespace holdfast::client::detail {

// Reads who is in a group, and the contents of those whose contents it does not know from the
// reading before. One reading at a time.
class MemberReader : public std::enable_shared_from_this<MemberReader> {
 public:
  using Done = std::function<void(Outcome<Members>)>;

  MemberReader(SessionRef session, std::string path, CallOptions options)
      : session_(std::move(session)), path_(std::move(path)), options_(options) {}

  void read(Done done);

 private:
  void list(const std::string& after);
  void on_page(Outcome<Children> page);
  void fetch();
  void on_contents(const std::string& name, Outcome<Contents> got);
  void finish();

  const SessionRef session_;
  const std::string path_;
  const CallOptions options_;

  // Of the reading that goes on.
  Done done_;
  Zxid zxid_;
  std::map<std::string, Member> found_;
  std::vector<std::string> unread_;  // Whose contents are not asked for yet.
  std::size_t open_ = 0;             // Requests for contents.
  std::optional<Error> error_;

  std::map<std::string, Member> known_;  // Of the reading before.
};

}  // namespace holdfast::client::detail
