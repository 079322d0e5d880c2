// SPDX-License-Identifier: Apache-2.0
#include "radlads/core/error.hpp"
#include "settings_keys.hpp"
#include "settings_value.hpp"

#include <array>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace radlads::program {

namespace {

using name_list = std::vector<std::string>;

/// Names that other implementations use for the same keys.
std::string own_key(std::string_view key) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> names{{
      {"use_pos_emb", "use_rope"},
      {"my_exit_tokens", "tokens"},
      {"ctx_len", "context"},
      {"micro_bsz", "micro_batch"},
      {"grad_cp", "recompute"},
      {"seed_everything", "seed"},
  }};
  for (const auto& [theirs, ours] : names) {
    if (key == theirs) return std::string(ours);
  }
  return std::string(key);
}

template <class Section>
name_list key_names(const Section& section) {
  name_list names;
  Section::for_each([&](const char* name, const auto&) { names.emplace_back(name); }, section);
  return names;
}

}  // namespace

name_list section_names(const settings& values) {
  name_list names;
  settings::for_each([&](const char* name, const auto&) { names.emplace_back(name); }, values);
  return names;
}

void set_value(settings& values, const std::string& section, const std::string& given_key,
               const std::string& text, const std::string& where) {
  const std::string key = own_key(given_key);
  bool is_section = false;
  settings::for_each(
      [&](const char* name, auto& each) {
        if (section != name) return;
        is_section = true;
        using type = std::remove_cvref_t<decltype(each)>;
        bool is_key = false;
        type::for_each(
            [&](const char* known, auto& value) {
              if (key != known) return;
              is_key = true;
              parse_value(text, value, concatenate(where, ": ", section, ".", key));
              values.given.push_back(concatenate(section, ".", key));
            },
            each);
        require(is_key, where, ": there is no key ", section, ".", given_key, "; the nearest is ",
                section, ".", nearest(key, key_names(each)));
      },
      values);
  require(is_section, where, ": there is no section ", section, "; the nearest is ",
          nearest(section, section_names(values)));
}

}  // namespace radlads::program
