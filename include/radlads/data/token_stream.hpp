// SPDX-License-Identifier: Apache-2.0
#pragma once
// All tokens of a data set as one flat stream, held in memory or mapped from binidx files.

#include "radlads/core/error.hpp"
#include "radlads/core/threads.hpp"
#include "radlads/data/binidx.hpp"

#include <algorithm>
#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace radlads::data {

/// Turns a text into ids. Each thread calls a copy of its own, which may keep memory from text to
/// text.
template <class F>
concept encoder = std::copy_constructible<std::decay_t<F>> &&
    requires(std::decay_t<F>& encode, std::string_view text) {
  { encode(text) } -> std::convertible_to<std::vector<std::int32_t>>;
};

/// The same for documents of any type that has a size in bytes.
template <class F, class Document>
concept encoder_of = std::copy_constructible<std::decay_t<F>> &&
    requires(std::decay_t<F>& encode, const Document& document) {
  { encode(document) } -> std::convertible_to<std::vector<std::int32_t>>;
  { document.size() } -> std::convertible_to<std::size_t>;
};

/// For those who do not follow the work.
struct no_progress {
  void operator()(std::size_t) const {}
};

/// Ids of many documents laid end to end. Move-only.
class token_stream {
 public:
  /// Takes documents already encoded.
  static token_stream from_ids(std::span<const std::vector<std::int32_t>> documents) {
    in_memory tokens;
    for (const std::vector<std::int32_t>& document : documents) {
      tokens.ids.insert(tokens.ids.end(), document.begin(), document.end());
      tokens.offsets.push_back(static_cast<std::int64_t>(tokens.ids.size()));
    }
    return token_stream(std::move(tokens));
  }

  /// Takes ids laid end to end. `offsets` are the first token of each document, then the number of
  /// ids; throws when they are not.
  static token_stream from_flat(std::vector<std::int32_t> ids, std::vector<std::int64_t> offsets) {
    const bool is_whole = !offsets.empty() && offsets.front() == 0 &&
                          offsets.back() == static_cast<std::int64_t>(ids.size()) &&
                          std::is_sorted(offsets.begin(), offsets.end());
    require(is_whole, "token_stream: the offsets of ", offsets.size(), " documents do not cover ",
            ids.size(), " tokens in order");
    return token_stream(in_memory{std::move(ids), std::move(offsets)});
  }

  /// Encodes each document by itself on `threads` threads; the stream does not depend on their
  /// number. Throws what `encode` throws, for the first document in order that fails. Now and then
  /// the calling thread hands `on_progress` the bytes that are done.
  template <class Document = std::string, encoder_of<Document> Encode, class Progress = no_progress>
  static token_stream from_documents(const std::vector<Document>& documents, const Encode& encode,
                                     int threads, Progress&& on_progress = {}) {
    require(threads > 0, "token_stream: ", threads, " threads, expected at least 1");
    std::vector<std::vector<std::int32_t>> encoded(documents.size());
    std::vector<std::exception_ptr> failures(documents.size());
    std::atomic<std::size_t> next = 0, done = 0;
    using own_encoder = std::decay_t<Encode>;
    const auto work = [&](own_encoder& own, auto&& report) {
      for (std::size_t i = next++; i < documents.size(); i = next++) {
        try {
          encoded[i] = own(documents[i]);
          report(done += documents[i].size());
        } catch (...) {
          failures[i] = std::current_exception();
          next = documents.size();
        }
      }
    };
    {
      // No more threads than documents: those beyond would end at once.
      const int useful = static_cast<int>(
          std::min(static_cast<std::size_t>(threads), std::max<std::size_t>(documents.size(), 1)));
      own_encoder own = encode;
      std::vector<std::jthread> others;
      try {
        for (int t = 1; t < useful; ++t) {
          others.push_back(start_thread(
              "token_stream", t, useful - 1,
              [&work, own = own_encoder(encode)]() mutable { work(own, no_progress()); }));
        }
      } catch (...) {
        next = documents.size();
        throw;
      }
      work(own, on_progress);
    }
    for (const std::exception_ptr& failure : failures) {
      if (failure) std::rethrow_exception(failure);
    }
    return from_ids(encoded);
  }

  /// Maps NAME.bin and NAME.idx.
  static token_stream from_binidx(const std::filesystem::path& name) {
    return token_stream(binidx_file::open(name));
  }

  /// Tokens in all.
  std::int64_t size() const {
    if (const auto* tokens = std::get_if<in_memory>(&source_)) return tokens->offsets.back();
    return std::get<binidx_file>(source_).tokens();
  }

  /// First token of each document, then size(). Throws when a binidx file has no such order.
  std::vector<std::int64_t> document_offsets() const {
    if (const auto* tokens = std::get_if<in_memory>(&source_)) return tokens->offsets;
    return std::get<binidx_file>(source_).document_offsets();
  }

  /// Copies tokens [start, start + count) to `out`; throws outside the stream.
  void copy(std::int64_t start, std::int64_t count, std::int32_t* out) const {
    const auto* tokens = std::get_if<in_memory>(&source_);
    if (tokens == nullptr) return std::get<binidx_file>(source_).copy(start, count, out);
    require(start >= 0 && count >= 0 && start <= size() && count <= size() - start,
            "token_stream: ", count, " tokens from ", start, " on are outside the ", size(),
            " it has");
    std::copy_n(tokens->ids.begin() + start, count, out);
  }

 private:
  struct in_memory {
    std::vector<std::int32_t> ids;
    std::vector<std::int64_t> offsets{0};
  };

  explicit token_stream(std::variant<in_memory, binidx_file> source) : source_(std::move(source)) {}

  std::variant<in_memory, binidx_file> source_;
};

}  // namespace radlads::data
