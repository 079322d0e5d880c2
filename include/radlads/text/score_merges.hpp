// SPDX-License-Identifier: Apache-2.0
#pragma once
// Merges of tokens that SentencePiece gave scores: it joins the neighbours whose token has the
// highest score, the leftmost among equals, so each way to split a token is a merge.

#include "radlads/core/error.hpp"
#include "radlads/text/bpe.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

namespace radlads::text {

/// Two tokens, by their ids, that become one of a score.
struct scored_merge {
  double score;
  std::size_t left, right;
};

/// What a token is to merges: the result of some, a part of others.
struct merge_role {
  bool is_result, is_part;
};

/// The longest token decides how many splits are tried; real ones have a few hundred bytes.
inline constexpr std::size_t max_scored_token_bytes = 4096;

/// All merges, that of the highest score first; among equals by the ids of their parts. Throws when
/// a score is not finite, a token too long, or when the merges would fill the memory, as those of
/// runs of one character of every length do.
inline std::vector<scored_merge> merges_of_scores(std::span<const std::string_view> tokens,
                                                  std::span<const double> scores,
                                                  std::span<const merge_role> roles) {
  require(scores.size() == tokens.size() && roles.size() == tokens.size(), "there are ",
          scores.size(), " scores for ", tokens.size(), " tokens");
  constexpr std::size_t most_bytes_per_byte = 64, most_extra_bytes = std::size_t{1} << 20;
  std::unordered_map<std::string_view, std::size_t> parts;
  std::size_t bytes = 0, merge_bytes = 0;
  for (std::size_t id = 0; id < tokens.size(); ++id) {
    require(std::isfinite(scores[id]), "the score of token ", id, " is not finite");
    require(!roles[id].is_result || tokens[id].size() <= max_scored_token_bytes, "token ", id,
            " has ", tokens[id].size(), " bytes, more than the ", max_scored_token_bytes,
            " allowed");
    if (roles[id].is_part) parts.emplace(tokens[id], id);
    bytes += tokens[id].size();
  }
  std::vector<scored_merge> merges;
  for (std::size_t id = 0; id < tokens.size(); ++id) {
    if (!roles[id].is_result) continue;
    for (std::size_t cut = 1; cut < tokens[id].size(); ++cut) {
      const auto left = parts.find(tokens[id].substr(0, cut));
      const auto right = parts.find(tokens[id].substr(cut));
      if (left == parts.end() || right == parts.end()) continue;
      merges.push_back({scores[id], left->second, right->second});
      merge_bytes += tokens[id].size();
    }
    require(merge_bytes <= most_bytes_per_byte * bytes + most_extra_bytes,
            "the merges of the tokens have more than ", most_bytes_per_byte,
            " times the bytes of the tokens");
  }
  std::sort(merges.begin(), merges.end(), [](const scored_merge& a, const scored_merge& b) {
    return std::tuple(-a.score, a.left, a.right) < std::tuple(-b.score, b.left, b.right);
  });
  return merges;
}

/// Ranks of merges in the order of merges_of_scores: those into tokens of one score share one. The
/// place in a list of merges, which is the rank otherwise, differs in runs of one character.
inline std::vector<std::uint32_t> ranks_of_scores(std::span<const merge> merges,
                                                  std::span<const double> scores) {
  std::vector<std::uint32_t> ranks;
  ranks.reserve(merges.size());
  for (std::size_t i = 0; i < merges.size(); ++i) {
    const auto score_of = [&](std::size_t at) {
      return scores[static_cast<std::size_t>(merges[at].result)];
    };
    const bool is_lower = i > 0 && score_of(i) < score_of(i - 1);
    ranks.push_back(i == 0 ? 0 : ranks.back() + (is_lower ? 1 : 0));
  }
  return ranks;
}

}  // namespace radlads::text
