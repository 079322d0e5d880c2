// SPDX-License-Identifier: Apache-2.0
#pragma once
// Sets of code points, for the classes of regular expressions.

#include "radlads/text/unicode.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace radlads::text {

/// Code points in ordered ranges that neither overlap nor touch.
class code_point_set {
 public:
  static constexpr std::uint32_t last_code_point = 0x10FFFF;

  code_point_set() = default;
  explicit code_point_set(std::vector<code_point_range> ranges) : ranges_(std::move(ranges)) {
    unite();
  }

  /// Code points whose general category `accepts`.
  template <class Accepts>
  static code_point_set of_categories(Accepts&& accepts) {
    std::vector<code_point_range> ranges;
    std::uint32_t first = 0;
    for (const std::uint32_t run : general_category_runs) {
      const std::uint32_t next = first + run / 32;
      if (accepts(static_cast<general_category>(run % 32))) ranges.push_back({first, next - 1});
      first = next;
    }
    return code_point_set(std::move(ranges));
  }

  const std::vector<code_point_range>& ranges() const { return ranges_; }

  bool contains(std::uint32_t code_point) const {
    return std::any_of(ranges_.begin(), ranges_.end(), [&](const code_point_range& range) {
      return range.first <= code_point && code_point <= range.last;
    });
  }

  void add(std::uint32_t first, std::uint32_t last) {
    ranges_.push_back({first, last});
    unite();
  }

  void add(const code_point_set& other) {
    ranges_.insert(ranges_.end(), other.ranges_.begin(), other.ranges_.end());
    unite();
  }

  code_point_set complement() const {
    std::vector<code_point_range> gaps;
    std::uint32_t next = 0;
    for (const code_point_range& range : ranges_) {
      if (range.first > next) gaps.push_back({next, range.first - 1});
      next = range.last + 1;
    }
    if (next <= last_code_point) gaps.push_back({next, last_code_point});
    return code_point_set(std::move(gaps));
  }

  code_point_set intersection(const code_point_set& other) const {
    code_point_set outside = complement();
    outside.add(other.complement());
    return outside.complement();
  }

 private:
  void unite() {
    std::sort(ranges_.begin(), ranges_.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    std::size_t kept = 0;
    for (const code_point_range range : ranges_) {
      if (kept > 0 && range.first <= ranges_[kept - 1].last + 1) {
        ranges_[kept - 1].last = std::max(ranges_[kept - 1].last, range.last);
      } else {
        ranges_[kept++] = range;
      }
    }
    ranges_.resize(kept);
  }

  std::vector<code_point_range> ranges_;
};

}  // namespace radlads::text
