#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace holdfast {

// Bytes that never change after construction and are shared by those who hold them: one payload
// stands in the log window, in the queue to the disk and in the streams to several learners without
// being copied. Compared by content.
class SharedBytes {
 public:
  SharedBytes() = default;
  explicit SharedBytes(std::string bytes)
      : bytes_(std::make_shared<const std::string>(std::move(bytes))) {}

  std::string_view view() const { return bytes_ ? std::string_view(*bytes_) : std::string_view(); }
  std::size_t size() const { return bytes_ ? bytes_->size() : 0; }

  bool operator==(const SharedBytes& other) const {
    return bytes_ == other.bytes_ || view() == other.view();
  }

 private:
  std::shared_ptr<const std::string> bytes_;
};

}  // namespace holdfast
