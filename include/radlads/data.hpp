// SPDX-License-Identifier: Apache-2.0
#pragma once
// Public header of data: text files to documents, documents to a stream of tokens, the stream to
// rows.
//   auto stream = radlads::data::read_tokens("stories.txt", encode, threads);
//   const auto slots = radlads::data::count_slots(stream.size(), 512, 512);
//   radlads::data::cubic_sampler sampler(slots, radlads::data::magic_prime(slots), 0);
//   radlads::data::copy_row(stream, sampler.slot_at(position), 512, row, 512);

#include "radlads/data/binidx.hpp"
#include "radlads/data/corpus.hpp"
#include "radlads/data/sampler.hpp"
#include "radlads/data/token_stream.hpp"
