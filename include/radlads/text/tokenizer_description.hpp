// SPDX-License-Identifier: Apache-2.0
#pragma once
// Everything a model's files say about its tokenizer, as plain values.

#include "radlads/text/added_tokens.hpp"
#include "radlads/text/bpe.hpp"
#include "radlads/text/detokenizer.hpp"
#include "radlads/text/normalizer.hpp"
#include "radlads/text/post_processing.hpp"
#include "radlads/text/pre_tokenizer.hpp"
#include "radlads/text/vocabulary.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace radlads::text {

struct tokenizer_description {
  vocabulary tokens;
  std::vector<merge> merges;
  std::vector<std::uint32_t> merge_ranks;  // empty: merges rank by their order
  std::vector<double> scores;              // of the tokens of a Unigram model; empty: BPE
  std::vector<added_token> added;
  std::optional<std::int32_t> unknown_id;
  bool fuses_unknown = false;
  bool has_byte_fallback = false;
  bool ignores_merges = false;  // a piece that is a token as a whole is taken at once
  text::normalizer normalizer;
  text::pre_tokenizer pre_tokenizer;
  bool is_byte_level = false;           // the model spells bytes in the byte alphabet
  text::post_processor post_processor;  // puts tokens around a document
  detokenizer_rules detokenizer;
  std::optional<std::int32_t> bos_id, eos_id;
};

}  // namespace radlads::text
