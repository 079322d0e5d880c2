// SPDX-License-Identifier: Apache-2.0
#pragma once
// Tokens by id and ids by token.

#include "radlads/core/error.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace radlads::text {

/// A set of tokens, each with an id. Ids may leave holes; no two tokens share one.
class vocabulary {
 public:
  /// Ids reach up to here, so that a broken file cannot ask for an endless table.
  static constexpr std::int64_t id_limit = std::int64_t{1} << 24;

  /// Adds a token, or does nothing when the same token has that id already. Throws when the id is
  /// outside [0, id_limit) or taken by another token, and when the token has another id.
  void insert(std::string token, std::int64_t id) {
    require(id >= 0 && id < id_limit, "token '", token, "' has the id ", id, "; expected 0 to ",
            id_limit - 1);
    const auto index = static_cast<std::size_t>(id);
    if (const auto known = find(token)) {
      require(*known == id, "token '", token, "' has two ids, ", *known, " and ", id);
      return;
    }
    if (index >= tokens_.size()) {
      tokens_.resize(index + 1);
      is_used_.resize(index + 1, false);
    }
    require(!is_used_[index], "id ", id, " belongs to two tokens, '", tokens_[index], "' and '",
            token, "'");
    tokens_[index] = std::move(token);
    is_used_[index] = true;
    if (2 * ++count_ > slots_.size())
      grow();
    else
      slots_[slot_of(tokens_[index])] = static_cast<std::int32_t>(index);
  }

  std::optional<std::int32_t> find(std::string_view token) const {
    const std::int32_t id = slots_[slot_of(token)];
    return id == empty ? std::nullopt : std::optional(id);
  }

  /// Whether a token has this id.
  bool contains(std::int64_t id) const {
    return id >= 0 && id < size() && is_used_[static_cast<std::size_t>(id)];
  }

  /// The token of an id that `contains` accepts.
  const std::string& token(std::int32_t id) const { return tokens_[static_cast<std::size_t>(id)]; }

  /// One more than the highest id.
  std::int32_t size() const { return static_cast<std::int32_t>(tokens_.size()); }

 private:
  static constexpr std::int32_t empty = -1;

  std::size_t slot_of(std::string_view token) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t slot = std::hash<std::string_view>()(token) & mask;
    while (slots_[slot] != empty && this->token(slots_[slot]) != token) slot = (slot + 1) & mask;
    return slot;
  }

  void grow() {
    slots_.assign(std::bit_ceil(4 * count_), empty);
    for (std::size_t id = 0; id < tokens_.size(); ++id) {
      if (is_used_[id]) slots_[slot_of(tokens_[id])] = static_cast<std::int32_t>(id);
    }
  }

  std::vector<std::string> tokens_;                                        // by id
  std::vector<bool> is_used_;                                              // by id
  std::vector<std::int32_t> slots_ = std::vector<std::int32_t>(2, empty);  // hash table of ids
  std::size_t count_ = 0;
};

/// The tokens of a model itself, without those that were only added to its vocabulary.
struct model_tokens {
  const vocabulary& all;
  const std::vector<bool>& is_added;  // by id: only added

  bool holds(std::int32_t id) const {
    const auto index = static_cast<std::size_t>(id);
    return all.contains(id) && !(index < is_added.size() && is_added[index]);
  }

  std::optional<std::int32_t> find(std::string_view token) const {
    const auto id = all.find(token);
    return id && holds(*id) ? id : std::nullopt;
  }
};

}  // namespace radlads::text
