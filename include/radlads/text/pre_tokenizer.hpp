// SPDX-License-Identifier: Apache-2.0
#pragma once
// Cuts text into the pieces that the model encodes one by one: the "pre_tokenizer" of
// tokenizer.json, whose steps follow each other, each on the pieces of the one before.

#include "radlads/core/error.hpp"
#include "radlads/text/byte_level.hpp"
#include "radlads/text/metaspace.hpp"
#include "radlads/text/pattern.hpp"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace radlads::text {

/// What becomes of the matches of a pattern: left out, pieces by themselves, joined to the text in
/// front of them or behind them, or joined to each other.
enum class split_behavior { removed, isolated, merged_with_previous, merged_with_next, contiguous };

/// Cuts pieces by a pattern. Inverted, what the pattern does not match counts as the matches.
struct split_step {
  text_pattern pattern;
  split_behavior behavior = split_behavior::isolated;
  bool is_inverted = false;
};

/// Puts a space in front of each piece that does not begin with one.
struct prefix_space_step {};

/// Writes each byte as its character of the byte alphabet. A tokenizer whose last step is this has
/// none of it: its model reads bytes.
struct byte_alphabet_step {};

using pre_tokenizer_step =
    std::variant<split_step, prefix_space_step, byte_alphabet_step, metaspace>;

/// A piece of text, and whether it stands at the very beginning of the whole text.
struct text_piece {
  std::string_view text;
  bool is_start = false;
};

/// Memory of pre_tokenizer::split, reused from call to call.
struct pre_tokenizer_memory {
  std::vector<text_piece> pieces, cut;
  std::deque<std::string> texts;  // of the steps that change text
};

namespace detail {

/// Joins the parts that for_each_part hands out as a behavior says and passes on what is not empty.
template <class Emit>
class part_joiner {
 public:
  part_joiner(split_behavior behavior, bool is_inverted, Emit& emit)
      : behavior_(behavior), is_inverted_(is_inverted), emit_(emit) {}

  void operator()(std::size_t begin, std::size_t end, bool is_part_match) {
    const bool is_match = is_part_match != is_inverted_;
    if (behavior_ == split_behavior::removed) {
      if (!is_match) emit_part(begin, end);
      return;
    }
    if (has_pending_ && joins(is_match)) {
      end_ = end;
    } else {
      finish();
      begin_ = begin;
      end_ = end;
      has_pending_ = true;
    }
    was_match_ = is_match;
  }

  void finish() {
    if (has_pending_) emit_part(begin_, end_);
    has_pending_ = false;
  }

 private:
  bool joins(bool is_match) const {
    switch (behavior_) {
      case split_behavior::merged_with_previous:
        return is_match && !was_match_;
      case split_behavior::merged_with_next:
        return was_match_ && !is_match;
      case split_behavior::contiguous:
        return is_match == was_match_;
      default:
        return false;
    }
  }

  void emit_part(std::size_t begin, std::size_t end) {
    if (begin < end) emit_(begin, end);
  }

  split_behavior behavior_;
  bool is_inverted_;
  Emit& emit_;
  bool has_pending_ = false, was_match_ = false;
  std::size_t begin_ = 0, end_ = 0;
};

/// Calls `on_piece` with the pieces that a split makes of one.
template <class OnPiece>
void apply(const split_step& step, const text_piece& piece, OnPiece&& on_piece) {
  const auto emit = [&](std::size_t begin, std::size_t end) {
    on_piece(text_piece{piece.text.substr(begin, end - begin), piece.is_start && begin == 0});
  };
  std::visit(
      [&](const auto& pattern) {
        if (step.behavior == split_behavior::isolated) {  // inverted or not
          for_each_part(pattern, piece.text, [&](std::size_t begin, std::size_t end, bool) {
            if (begin < end) emit(begin, end);
          });
          return;
        }
        part_joiner joiner(step.behavior, step.is_inverted, emit);
        for_each_part(pattern, piece.text, joiner);
        joiner.finish();
      },
      step.pattern);
}

}  // namespace detail

/// Steps that cut text one after the other.
class pre_tokenizer {
 public:
  /// Each step reads the whole text, so their number bounds the time; files have at most five.
  static constexpr std::size_t max_steps = 64;

  pre_tokenizer() = default;

  /// Throws when there are more than max_steps.
  explicit pre_tokenizer(std::vector<pre_tokenizer_step> steps) : steps_(std::move(steps)) {
    require(steps_.size() <= max_steps, "a pre-tokenizer of ", steps_.size(),
            " steps; expected at most ", max_steps, ", for each reads the whole text");
  }

  const std::vector<pre_tokenizer_step>& steps() const { return steps_; }

  /// Whether a piece at the very beginning of a text is treated in its own way.
  bool heeds_start() const {
    return std::any_of(steps_.begin(), steps_.end(), [](const pre_tokenizer_step& step) {
      const auto* spaces = std::get_if<metaspace>(&step);
      return spaces && spaces->scheme == prepend_scheme::first;
    });
  }

  /// Calls `on_piece` with the pieces of a text that is not empty, in order. They last as long as
  /// the text, and until `memory` is used again. `is_start`: nothing stands in front of the text.
  template <class OnPiece>
  void split(std::string_view text, bool is_start, pre_tokenizer_memory& memory,
             OnPiece&& on_piece) const {
    const auto hand_on = [&](const text_piece& piece) { on_piece(piece.text); };
    if (steps_.empty()) return hand_on({text, is_start});
    memory.texts.clear();
    memory.pieces.assign(1, {text, is_start});
    for (std::size_t i = 0; i + 1 < steps_.size(); ++i) {
      memory.cut.clear();
      apply(steps_[i], memory, [&](const text_piece& piece) { memory.cut.push_back(piece); });
      std::swap(memory.pieces, memory.cut);
    }
    apply(steps_.back(), memory, hand_on);
  }

 private:
  template <class OnPiece>
  static void apply(const pre_tokenizer_step& step, pre_tokenizer_memory& memory,
                    OnPiece&& on_piece) {
    for (const text_piece& piece : memory.pieces) {
      std::visit([&](const auto& each) { apply(each, piece, memory.texts, on_piece); }, step);
    }
  }

  template <class OnPiece>
  static void apply(const split_step& step, const text_piece& piece, std::deque<std::string>&,
                    OnPiece&& on_piece) {
    detail::apply(step, piece, on_piece);
  }

  template <class OnPiece>
  static void apply(prefix_space_step, const text_piece& piece, std::deque<std::string>& texts,
                    OnPiece&& on_piece) {
    if (piece.text.starts_with(' ')) return on_piece(piece);
    texts.push_back(" " + std::string(piece.text));
    on_piece(text_piece{texts.back(), piece.is_start});
  }

  template <class OnPiece>
  static void apply(byte_alphabet_step, const text_piece& piece, std::deque<std::string>& texts,
                    OnPiece&& on_piece) {
    texts.push_back(to_byte_alphabet(piece.text));
    on_piece(text_piece{texts.back(), piece.is_start});
  }

  template <class OnPiece>
  static void apply(const metaspace& step, const text_piece& piece, std::deque<std::string>& texts,
                    OnPiece&& on_piece) {
    texts.push_back(spell_spaces(step, piece.text, piece.is_start));
    const std::string_view spelled = texts.back();
    if (!step.splits) return on_piece(text_piece{spelled, piece.is_start});
    for_each_word(step, spelled, [&](std::size_t begin, std::size_t end) {
      on_piece(text_piece{spelled.substr(begin, end - begin), piece.is_start && begin == 0});
    });
  }

  std::vector<pre_tokenizer_step> steps_;
};

}  // namespace radlads::text
