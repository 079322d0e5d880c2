// SPDX-License-Identifier: Apache-2.0
#pragma once
// What goes wrong on one rank goes wrong on all: none is left waiting for one that has given up.

#include "radlads/core/backend.hpp"
#include "radlads/core/error.hpp"
#include "radlads/core/host_copy.hpp"
#include "radlads/core/tensor.hpp"
#include "radlads/parallel/communicator.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <new>
#include <span>
#include <string>
#include <vector>

namespace radlads::parallel {

/// Returns when what the ranks do for each other on the backend is done. For communicators of
/// which a call only begins: where one is there, the host waits for such work here alone.
template <backend B, communicator<B> C>
void wait_for_ranks(C& ranks, B& b) {
  if constexpr (requires { ranks.wait(b); }) ranks.wait(b);
}

/// Numbers of every rank, in the order of ranks: `count` of each. T is double or a 64-bit integer.
/// A communicator that carries the host's numbers itself takes no memory of the backend.
template <class T, backend B, communicator<B> C>
std::vector<T> gather(C& ranks, B& b, std::span<const T> own) {
  if constexpr (requires(std::span<T> all) { ranks.gather_on_host(own, all); }) {
    std::vector<T> all(own.size() * static_cast<std::size_t>(ranks.size()));
    ranks.gather_on_host(own, std::span<T>(all));
    return all;
  } else {
    const auto count = static_cast<std::int64_t>(own.size());
    tensor<T, 1, B> sent(b, {count}), all(b, {count * ranks.size()});
    if (count > 0) b.copy(sent.data(), own.data(), own.size_bytes());
    ranks.all_gather(b, view_on<const T, 1, B>(sent.read()), all.flat());
    return to_host(b, all);
  }
}

/// The text of rank `root`, on all ranks.
template <backend B, communicator<B> C>
std::string broadcast_text(C& ranks, B& b, const std::string& text, int root) {
  std::vector<std::int64_t> words((text.size() + 7) / 8);
  if (!text.empty()) std::memcpy(words.data(), text.data(), text.size());
  const auto from_root = [&](std::vector<std::int64_t>& numbers) {
    if constexpr (requires { ranks.broadcast_on_host(std::span(numbers), root); }) {
      ranks.broadcast_on_host(std::span(numbers), root);
    } else {
      tensor<std::int64_t, 1, B> sent(b, {static_cast<std::int64_t>(numbers.size())});
      b.copy(sent.data(), numbers.data(), numbers.size() * sizeof(std::int64_t));
      ranks.broadcast(b, sent.flat(), root);
      numbers = to_host(b, sent);
    }
  };
  std::vector<std::int64_t> length{static_cast<std::int64_t>(text.size())};
  from_root(length);
  const auto bytes = static_cast<std::size_t>(length[0]);
  words.resize((bytes + 7) / 8);
  if (bytes > 0) from_root(words);
  return {reinterpret_cast<const char*>(words.data()), bytes};
}

/// Calls work() on every rank. Where it throws on any, this throws on all, once all are done: the
/// error of the first such rank, which it names; out_of_memory stays what it is. Where ranks no
/// longer reach each other, as when work() has waited for one in vain, it throws its own error.
template <backend B, communicator<B> C, class F>
void together(C& ranks, B& b, F&& work) {
  if (ranks.size() == 1) return work();
  enum : std::int64_t { done, failed, no_memory };
  std::int64_t outcome = done;
  std::string text;
  try {
    work();
  } catch (const out_of_memory& problem) {
    outcome = no_memory;
    text = problem.what();
  } catch (const std::bad_alloc&) {
    outcome = no_memory;
    text = "the host has no more memory";
  } catch (const std::exception& problem) {
    outcome = failed;
    text = problem.what();
  }
  std::vector<std::int64_t> outcomes;
  try {
    outcomes = gather<std::int64_t>(ranks, b, std::span(&outcome, 1));
  } catch (const std::exception&) {
    if (outcome == done) throw;
    fail(text);
  }
  const auto first = std::find_if(outcomes.begin(), outcomes.end(),
                                  [](std::int64_t each) { return each != done; });
  if (first == outcomes.end()) return;
  const auto rank = static_cast<int>(first - outcomes.begin());
  text =
      concatenate("rank ", rank, " of ", ranks.size(), ": ", broadcast_text(ranks, b, text, rank));
  if (*first == no_memory) throw out_of_memory(text);
  throw error(text);
}

}  // namespace radlads::parallel
