#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lockserver/state/image_codec.h"
#include "lockserver/state/rooms.h"
#include "zab/base/status.h"

namespace holdfast::state {

// Fills empty rooms from the records of an image, which may come in any order.
class ImageLoader {
 public:
  explicit ImageLoader(Rooms& rooms) : rooms_(rooms) {}

  Status load(std::string_view key, std::string_view value);
  // Once, after all records. No record at all is the state before the first command. kWrongCell,
  // kCorrupt or kUnavailable when the image is not one that these rooms can be.
  Status finish();

 private:
  Status take(const MetaKey& key, std::string_view value);
  Status take(const NodeKey& key, std::string_view value);
  Status take(const ContentsKey& key, std::string_view value);
  Status take(const SessionKey& key, std::string_view value);
  Status take(const ResultKey& key, std::string_view value);
  Status take(const RequestKey& key, std::string_view value);
  Status take(const DelayKey& key, std::string_view value);
  Status take(const EventsKey& key, std::string_view value);

  Rooms& rooms_;
  bool any_ = false;
  std::optional<MetaRecord> meta_;
  std::vector<std::pair<ResultKey, std::string>> results_;  // Until all sessions are there.
};

}  // namespace holdfast::state
