// SPDX-License-Identifier: Apache-2.0
// Finds a word by a regular expression; without PCRE2 compile_regex would throw.

#include <radlads/text/pcre2.hpp>

int main() {
  radlads::text::text_match match{};
  const bool is_found = radlads::text::compile_regex(R"(\w+)").find("-- word", 0, match);
  return is_found && match.begin == 3 && match.end == 7 ? 0 : 1;
}
