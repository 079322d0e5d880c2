// SPDX-License-Identifier: Apache-2.0
#pragma once
// A text that ends where one of some strings begins, as it comes in parts.

#include "radlads/core/error.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace radlads::text {

class stop_strings {
 public:
  /// Throws when a string is empty.
  explicit stop_strings(std::vector<std::string> strings) : strings_(std::move(strings)) {
    for (const std::string& each : strings_) require(!each.empty(), "a stop string is empty");
  }

  /// Takes the next part and returns what is certain to come before the end. A part behind the end
  /// gives nothing.
  std::string push(std::string_view part) {
    if (has_stopped_) return {};
    held_ += part;
    std::size_t end = std::string::npos;
    for (const std::string& each : strings_) end = std::min(end, held_.find(each));
    has_stopped_ = end != std::string::npos;
    if (!has_stopped_) end = held_.size() - longest_beginning();
    std::string certain = held_.substr(0, end);
    held_.erase(0, has_stopped_ ? held_.size() : end);
    return certain;
  }

  /// What was held back; call once, when nothing more comes.
  std::string finish() { return std::exchange(held_, {}); }

  bool has_stopped() const { return has_stopped_; }

 private:
  /// Bytes at the end of what is held that may be the beginning of a string.
  std::size_t longest_beginning() const {
    std::size_t longest = 0;
    for (const std::string& each : strings_) {
      for (std::size_t size = std::min(each.size() - 1, held_.size()); size > longest; --size) {
        if (std::string_view(held_).ends_with(std::string_view(each).substr(0, size)))
          longest = size;
      }
    }
    return longest;
  }

  std::vector<std::string> strings_;
  std::string held_;
  bool has_stopped_ = false;
};

}  // namespace radlads::text
