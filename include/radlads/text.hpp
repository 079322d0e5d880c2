// SPDX-License-Identifier: Apache-2.0
#pragma once
// Public header of tokenizers.
//
//   const auto tokenizer = radlads::text::tokenizer::load("model_folder");
//   const std::vector<std::int32_t> ids = tokenizer.encode_document("Once upon a time");
//   const std::string text = tokenizer.decode(ids);
//
// A tokenizer of one's own is learnt by bpe_trainer and written by write_tokenizer.

#include "radlads/text/bpe_trainer.hpp"
#include "radlads/text/tokenizer.hpp"
