// SPDX-License-Identifier: Apache-2.0
#pragma once
// Rows of every named set from a generator of numbers: Unicode, quotes, brackets, templates, tokens
// spelled out, and white space wherever it can stand.

#include "radlads/core/hash.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace radlads::test {

/// Texts made of numbers by SplitMix64.
class text_maker {
 public:
  explicit text_maker(std::uint64_t seed) : state_(seed) {}

  std::size_t below(std::size_t count) {
    state_ += 0x9e3779b97f4a7c15u;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return static_cast<std::size_t>(((z ^ (z >> 31)) >> 11) % count);
  }

  std::string one_of(const std::vector<std::string>& all) { return all[below(all.size())]; }

  /// From `least` to `most` pieces; the first is a plain word.
  std::string text(std::size_t least, std::size_t most) {
    std::string out = one_of(words());
    const std::size_t count = least + below(most - least + 1);
    for (std::size_t i = 1; i < count; ++i) {
      out += one_of(gaps());
      out += one_of(pieces());
    }
    return out + one_of(tails());
  }

  /// A text that may be empty, except in the first document, where lm-eval cannot bear it.
  std::string choice() {
    if (below(25) == 0 && document > 0) return "";
    return text(1, 5);
  }

  int document = 0;

 private:
  static const std::vector<std::string>& words() {
    static const std::vector<std::string> all{"the", "Cat",    "sat",   "hello", "Émile",
                                              "мир", "日本語", "don't", "I'LL",  "word",
                                              "né",  "12",     "3.5%",  "ab"};
    return all;
  }

  static const std::vector<std::string>& pieces() {
    static const std::vector<std::string> all = [] {
      std::vector<std::string> list = words();
      for (const char* each : {"na\u00efve",
                               "e\u0301",
                               "\u201cquoted\u201d",
                               "\"plain\"",
                               "'single'",
                               "(round)",
                               "[square]",
                               "[a] b]",
                               "[open",
                               "[two\nlines]",
                               " [title]",
                               "[header] ",
                               "{{x}}",
                               "{% if x %}",
                               "{# no #}",
                               "{brace}",
                               "_",
                               "x_y",
                               "a\tb",
                               "<end>",
                               "<s>",
                               "\\n",
                               "\u2014",
                               "\U0001F642",
                               "\U0001F469\u200d\U0001F680",
                               "\u00a0",
                               "\u3000",
                               "\u2028x",
                               "...",
                               "?!",
                               "#1",
                               "&amp;",
                               "\u03a9MEGA",
                               "\u00c0\u00c9",
                               "Question:",
                               "Answer:",
                               "A.",
                               "a,b;c",
                               "`code`",
                               "*",
                               "null",
                               "True",
                               "-7"})
        list.emplace_back(each);
      return list;
    }();
    return all;
  }

  static const std::vector<std::string>& gaps() {
    static const std::vector<std::string> all{" ",    " ",  " ", " ",  "  ", "\n",
                                              "\n\n", ", ", "",  ". ", "\t"};
    return all;
  }

  static const std::vector<std::string>& tails() {
    static const std::vector<std::string> all{"",   "",   "",  "",  "",       " ",
                                              "  ", "\n", ".", "?", "\u00a0", " ."};
    return all;
  }

  std::uint64_t state_;
};

namespace made_rows {

using nlohmann::json;

inline std::vector<std::string> choices(text_maker& m, std::size_t count) {
  std::vector<std::string> all;
  for (std::size_t i = 0; i < count; ++i) all.push_back(m.choice());
  return all;
}

inline json labelled(text_maker& m, const char* key, bool may_have_space) {
  json row;
  row[key] = m.text(1, 9);
  const std::size_t count = 3 + m.below(3);
  std::vector<std::string> labels;
  const char first = m.below(3) > 0 ? 'A' : '1';
  for (std::size_t i = 0; i < count; ++i)
    labels.emplace_back(1, static_cast<char>(first + static_cast<int>(i)));
  row["choices"] = {{"text", choices(m, count)}, {"label", labels}};
  const std::string space = may_have_space && m.below(4) == 0 ? " " : "";
  row["answerKey"] = space + m.one_of(labels);
  return row;
}

inline json winogrande(text_maker& m) {
  json row;
  std::string before = m.text(1, 5);
  for (char& c : before) {
    if (c == '_') c = '-';
  }
  row["sentence"] = before + "_" + m.text(1, 5);
  row["option1"] = m.text(1, 2);
  row["option2"] = m.text(1, 2);
  row["answer"] = m.one_of({"1", "2"});
  return row;
}

inline json hellaswag(text_maker& m) {
  json row;
  row["activity_label"] = m.text(1, 3);
  row["ctx_a"] = m.text(1, 6);
  const std::string end = m.text(1, 5);
  row["ctx_b"] = m.one_of({"", end});
  row["endings"] = choices(m, 4);
  row["label"] = m.one_of({"0", "1", "2", "3"});
  return row;
}

inline json copa(text_maker& m) {
  json row;
  row["premise"] = m.text(1, 6);
  row["question"] = m.one_of({"cause", "effect"});
  row["choice1"] = m.text(1, 4);
  row["choice2"] = m.text(1, 4);
  row["label"] = m.below(2);
  return row;
}

inline json mmlu(text_maker& m) {
  json row;
  row["subject"] = m.one_of({"abstract_algebra", "world_religions", "anatomy"});
  const std::string before = m.one_of({"", "  ", "\n"});
  row["question"] = before + m.text(1, 9);
  row["choices"] = choices(m, 4);
  row["answer"] = m.below(4);
  return row;
}

/// A row of rows whose keys have texts of so many pieces.
struct text_field {
  const char* key;
  std::size_t least, most;
};
inline json texts(text_maker& m, const std::vector<text_field>& fields) {
  json row;
  for (const text_field& each : fields) row[each.key] = m.text(each.least, each.most);
  return row;
}

inline json row_of(const std::string& name, text_maker& m) {
  if (name.starts_with("arc_")) return labelled(m, "question", false);
  if (name == "openbookqa") return labelled(m, "question_stem", true);
  if (name == "winogrande") return winogrande(m);
  if (name == "hellaswag") return hellaswag(m);
  if (name == "copa") return copa(m);
  if (name == "mmlu") return mmlu(m);
  json row;
  if (name == "lambada_openai") return texts(m, {{"text", 1, 14}});
  if (name == "blimp") {
    row["UID"] = m.one_of({"adjunct_island", "wh_island", "passive_1"});
    row.update(texts(m, {{"sentence_good", 2, 7}, {"sentence_bad", 2, 7}}));
    return row;
  }
  if (name == "boolq") {
    row = texts(m, {{"passage", 3, 20}, {"question", 1, 6}});
  } else {
    row["goal"] = m.text(1, 9);
    row["sol1"] = m.choice();
    row["sol2"] = m.choice();
  }
  row["label"] = m.below(2);
  return row;
}

}  // namespace made_rows

/// `count` rows of a named set as lines of JSON; another `seed`, other rows.
inline std::string made_lines(const std::string& name, std::string_view seed, int count) {
  text_maker m(fnv1a(seed));
  std::string lines;
  for (m.document = 0; m.document < count; ++m.document)
    lines += made_rows::row_of(name, m).dump() + "\n";
  return lines;
}

}  // namespace radlads::test
