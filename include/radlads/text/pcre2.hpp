// SPDX-License-Identifier: Apache-2.0
#pragma once
// Regular expressions of tokenizer.json that no scanner of ours knows, by PCRE2 where the target
// radlads::pcre2 is linked (it defines RADLADS_PCRE2), refused by name elsewhere.

#include "radlads/core/error.hpp"
#include "radlads/text/oniguruma.hpp"
#include "radlads/text/pattern.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#if defined(RADLADS_PCRE2)
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#endif

namespace radlads::text {

#if defined(RADLADS_PCRE2)

namespace detail {

struct pcre2_deleter {
  void operator()(pcre2_code* p) const { pcre2_code_free(p); }
  void operator()(pcre2_compile_context* p) const { pcre2_compile_context_free(p); }
  void operator()(pcre2_match_data* p) const { pcre2_match_data_free(p); }
  void operator()(pcre2_match_context* p) const { pcre2_match_context_free(p); }
};

template <class T>
using pcre2_pointer = std::unique_ptr<T, pcre2_deleter>;

inline std::string pcre2_message(int code) {
  unsigned char text[256];
  pcre2_get_error_message(code, text, sizeof text);
  return reinterpret_cast<const char*>(text);
}

struct compiled_regex {
  // The limits stop a pattern that would try for ever: a piece of text takes far fewer than a
  // million steps, and a match needs far less than these 16 MiB.
  static constexpr std::uint32_t step_limit = 10'000'000, depth_limit = 250'000;
  static constexpr std::uint32_t heap_kibibytes = 16 * 1024;

  std::string source;
  pcre2_pointer<pcre2_code> code;
  pcre2_pointer<pcre2_match_context> limits{pcre2_match_context_create(nullptr)};

  explicit compiled_regex(std::string_view regex) : source(regex) {
    require(limits != nullptr, "a regular expression cannot be compiled: no memory");
    pcre2_set_match_limit(limits.get(), step_limit);
    pcre2_set_depth_limit(limits.get(), depth_limit);
    pcre2_set_heap_limit(limits.get(), heap_kibibytes);
  }

  int match(std::string_view text, std::size_t from, std::uint32_t options,
            pcre2_match_data* data) const {
    return pcre2_match(code.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), from,
                       PCRE2_NO_UTF_CHECK | options, data, limits.get());
  }
};

inline bool find_regex(const void* compiled, std::string_view text, std::size_t from,
                       text_match& match) {
  const auto& regex = *static_cast<const compiled_regex*>(compiled);
  const pcre2_pointer<pcre2_match_data> data{pcre2_match_data_create(1, nullptr)};
  require(data != nullptr, "a regular expression cannot be matched: no memory");
  int count = regex.match(text, from, 0, data.get());
  // Compiled code has 32 KiB of stack; what needs more is interpreted, on the heap.
  if (count == PCRE2_ERROR_JIT_STACKLIMIT) {
    count = regex.match(text, from, PCRE2_NO_JIT, data.get());
  }
  if (count == PCRE2_ERROR_NOMATCH) return false;
  require(count >= 0, "the regular expression ", regex.source, " fails on a text of ", text.size(),
          " bytes: ", pcre2_message(count));
  const PCRE2_SIZE* ends = pcre2_get_ovector_pointer(data.get());
  match = {ends[0], ends[1]};
  return true;
}

}  // namespace detail

/// Compiles a regular expression as the `tokenizers` package reads it. Throws naming it and what is
/// not known or wrong in it.
inline piece_scanner compile_regex(std::string_view regex) {
  const std::string pattern = pcre2_pattern_of(regex);
  auto compiled = std::make_shared<detail::compiled_regex>(regex);
  const detail::pcre2_pointer<pcre2_compile_context> context{pcre2_compile_context_create(nullptr)};
  require(context != nullptr, "a regular expression cannot be compiled: no memory");
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  int code = 0;
  PCRE2_SIZE offset = 0;
  compiled->code.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                                     PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C, &code,
                                     &offset, context.get()));
  require(compiled->code != nullptr, "the regular expression ", regex,
          " is not understood: ", detail::pcre2_message(code));
  // Without a compiler for this machine PCRE2 interprets the pattern.
  pcre2_jit_compile(compiled->code.get(), PCRE2_JIT_COMPLETE);
  return piece_scanner(std::move(compiled), detail::find_regex);
}

#else

/// Refuses the regular expression, since PCRE2 is not there.
[[noreturn]] inline piece_scanner compile_regex(std::string_view regex) {
  fail("the regular expression ", regex,
       " needs PCRE2, without which this program was built (Debian: libpcre2-dev)");
}

#endif

/// What finds the matches of a regular expression of tokenizer.json: a scanner of ours where one
/// knows it, PCRE2 otherwise.
inline text_pattern pattern_of_regex(std::string_view regex) {
  for (const named_split_pattern& entry : known_split_patterns) {
    if (entry.regex == regex) return entry.pattern;
  }
  return compile_regex(regex);
}

}  // namespace radlads::text
