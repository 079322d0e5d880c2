// SPDX-License-Identifier: Apache-2.0
#pragma once
// What happens to text before it is split: the "normalizer" of tokenizer.json.

#include "radlads/core/error.hpp"
#include "radlads/text/json_members.hpp"
#include "radlads/text/pattern.hpp"
#include "radlads/text/pcre2.hpp"
#include "radlads/text/unicode_normalization.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace radlads::text {

/// Lowercase, character by character.
struct lowercase_step {};

/// Removal of marks; only decomposed text loses its accents by it.
struct strip_accents_step {};

/// Removal of white space at the ends.
struct strip_step {
  bool at_left, at_right;
};

/// Text put in front of what is not empty.
struct prepend_step {
  std::string text;
};

/// Every match of a pattern replaced.
struct replace_step {
  text_pattern pattern;
  std::string to;
};

using normalizer_step = std::variant<normalization_form, lowercase_step, strip_accents_step,
                                     strip_step, prepend_step, replace_step>;

/// Steps that text passes one after the other.
class normalizer {
 public:
  /// Each step reads the whole text, so their number bounds the time; files have fewer than ten.
  static constexpr std::size_t max_steps = 64;

  /// Text may become this many times as long, and this many bytes longer. Compatibility forms make
  /// 33 bytes of 3 at most (U+FDFA), and Llama's space is three bytes long; what asks for more is
  /// meant to fill the memory.
  static constexpr std::size_t max_growth = 64, max_extra = 4096;

  normalizer() = default;

  /// Throws when there are more than max_steps.
  explicit normalizer(std::vector<normalizer_step> steps) : steps_(std::move(steps)) {
    require(steps_.size() <= max_steps, "a normalizer of ", steps_.size(),
            " steps; expected at most ", max_steps, ", for each reads the whole text");
  }

  /// Whether text stays as it is.
  bool is_empty() const { return steps_.empty(); }

  const std::vector<normalizer_step>& steps() const { return steps_; }

  /// The normalised form of valid UTF-8. Throws when it would be longer than the bound above. Where
  /// `keeps_start` is given, it becomes false when a step leaves out the first character.
  std::string operator()(std::string_view text, bool* keeps_start = nullptr) const {
    const limit bound{text.size(), text.size() * max_growth + max_extra};
    std::string out(text);
    for (const normalizer_step& step : steps_) {
      const auto leaves_out_start = [&](const auto& s) { return leaves_out_first(s, out); };
      if (keeps_start && *keeps_start) *keeps_start = !std::visit(leaves_out_start, step);
      out = std::visit([&](const auto& s) { return applied(s, out, bound); }, step);
    }
    return out;
  }

 private:
  struct limit {
    std::size_t original, size;  // bytes

    void check(std::size_t wanted, std::string_view step) const {
      require(wanted <= size, "normalizer: ", step, " makes ", wanted, " bytes of ", original,
              "; expected at most ", max_growth, " times as many and ", max_extra);
    }
  };

  static std::string applied(normalization_form form, std::string_view text, const limit& bound) {
    std::string out = to_form(text, form);
    bound.check(out.size(), "a normalisation form");
    return out;
  }

  static std::string applied(lowercase_step, std::string_view text, const limit&) {
    return to_lowercase(text);
  }

  static std::string applied(strip_accents_step, std::string_view text, const limit&) {
    return without_marks(text);
  }

  static std::string applied(strip_step step, std::string_view text, const limit&) {
    return std::string(stripped(text, step.at_left, step.at_right));
  }

  static std::string applied(const prepend_step& step, std::string_view text, const limit& bound) {
    if (text.empty()) return {};
    bound.check(text.size() + step.text.size(), "Prepend");
    return step.text + std::string(text);
  }

  static std::string applied(const replace_step& step, std::string_view text, const limit& bound) {
    std::size_t kept = 0, count = 0;
    const auto count_part = [&](std::size_t begin, std::size_t end, bool is_match) {
      is_match ? ++count : kept += end - begin;
    };
    std::visit([&](const auto& p) { detail::for_each_part(p, text, count_part); }, step.pattern);
    const std::size_t size = kept + count * step.to.size();
    bound.check(size, "Replace");
    std::string out;
    out.reserve(size);
    const auto copy_part = [&](std::size_t begin, std::size_t end, bool is_match) {
      out += is_match ? std::string_view(step.to) : text.substr(begin, end - begin);
    };
    std::visit([&](const auto& p) { detail::for_each_part(p, text, copy_part); }, step.pattern);
    return out;
  }

  template <class Step>
  static bool leaves_out_first(const Step&, std::string_view) {
    return false;
  }

  static bool leaves_out_first(strip_step step, std::string_view text) {
    return step.at_left && stripped(text, true, false).size() < text.size();
  }

  static bool leaves_out_first(strip_accents_step, std::string_view text) {
    return !text.empty() && without_marks(text.substr(0, read_utf8(text, 0).length)).empty();
  }

  static bool leaves_out_first(const replace_step& step, std::string_view text) {
    text_match match{};
    const auto find = [&](const auto& p) { return detail::find_match(p, text, 0, match); };
    return step.to.empty() && std::visit(find, step.pattern) && match.begin == 0 && match.end > 0;
  }

  std::vector<normalizer_step> steps_;
};

namespace detail {

inline text_pattern replaced_pattern(const json& step) {
  const json& pattern = member(step, "pattern", "normalizer");
  if (!find_member(pattern, "Regex")) return literal_text{literal_pattern(step, "normalizer")};
  return pattern_of_regex(text_member(pattern, "Regex", "normalizer.pattern"));
}

inline normalizer_step normalizer_step_from(const json& step) {
  constexpr const char* where = "normalizer";
  const std::string type = text_member(step, "type", where);
  if (type == "NFC") return normalization_form::nfc;
  if (type == "NFD") return normalization_form::nfd;
  if (type == "NFKC") return normalization_form::nfkc;
  if (type == "NFKD") return normalization_form::nfkd;
  if (type == "Lowercase") return lowercase_step{};
  if (type == "StripAccents") return strip_accents_step{};
  if (type == "Strip") {
    return strip_step{flag_member(step, "strip_left", true),
                      flag_member(step, "strip_right", true)};
  }
  if (type == "Prepend") return prepend_step{text_member(step, "prepend", where)};
  if (type == "Replace") {
    return replace_step{replaced_pattern(step), text_member(step, "content", where)};
  }
  fail(
      "unknown normalizer '", type,
      "'; known: NFC, NFD, NFKC, NFKD, Lowercase, StripAccents, Strip, Prepend, Replace, Sequence");
}

/// Reads a "normalizer"; a null pointer stands for none.
inline normalizer read_normalizer(const json* value) {
  std::vector<normalizer_step> steps;
  for (const json* entry : sequence_of(value, "normalizers", "normalizer")) {
    steps.push_back(normalizer_step_from(*entry));
  }
  return normalizer(std::move(steps));
}

}  // namespace detail

}  // namespace radlads::text
