// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which tokens of a stream a loss counts: ids are not negative, so a token that it leaves out is
// kept as the complement of its id. A stream without such tokens counts as a whole.

#include <cstdint>

namespace radlads::data {

/// The form in which a token is kept that no loss counts.
constexpr std::int32_t left_out(std::int32_t id) { return ~id; }

/// Whether a loss counts a kept token.
constexpr bool is_counted(std::int32_t kept) { return kept >= 0; }

/// The id of a kept token.
constexpr std::int32_t id_of(std::int32_t kept) { return kept >= 0 ? kept : ~kept; }

}  // namespace radlads::data
