// SPDX-License-Identifier: Apache-2.0
// Writes the tables include/radlads/text/unicode_*.hpp from the text files of the Unicode Character
// Database 16.0.0 (https://www.unicode.org/Public/16.0.0/ucd/). A development tool: neither the
// library's build nor its tests run it.
//   g++ -std=c++20 tests/text/unicode_tables_generator.cpp -o unicode_tables_generator
//   unicode_tables_generator UCD_FOLDER include/radlads/text

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

constexpr std::uint32_t code_points = 0x110000;

/// Letters, numbers and white space are those of Unicode 16, as in the regular expressions of the
/// `tokenizers` package. Its normalisation knows characters up to Unicode 9 and leaves younger ones
/// as they are, and token ids must equal its own: so the tables of normalisation end there.
constexpr double youngest_normalised = 9.0;

constexpr std::array<const char*, 30> category_names{
    "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps", "Pe",
    "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co", "Cn"};

struct decomposition {
  std::uint32_t code_point, first, second;
};

/// A code point that looks like others.
struct compatibility {
  std::uint32_t code_point;
  std::vector<std::uint32_t> targets;
};

struct character_database {
  std::vector<std::string> category = std::vector<std::string>(code_points, "Cn");
  std::vector<int> combining_class = std::vector<int>(code_points);
  std::vector<std::uint32_t> lowercase = std::vector<std::uint32_t>(code_points);
  std::vector<double> ages;
  std::vector<decomposition> pairs, singles;
  std::vector<compatibility> compatible;
};

std::string trimmed(const std::string& text) {
  const auto begin = text.find_first_not_of(" \t\r");
  return begin == std::string::npos
             ? ""
             : text.substr(begin, text.find_last_not_of(" \t\r") + 1 - begin);
}

std::vector<std::string> fields(const std::string& line) {
  std::vector<std::string> result;
  std::istringstream stream(line.substr(0, line.find('#')));
  for (std::string field; std::getline(stream, field, ';');) result.push_back(trimmed(field));
  return result;
}

std::uint32_t hex(const std::string& text) {
  return static_cast<std::uint32_t>(std::stoul(text, nullptr, 16));
}

std::ifstream open(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path);
  return file;
}

std::vector<double> read_ages(const std::string& folder) {
  std::vector<double> result(code_points, 1e9);
  std::ifstream file = open(folder + "/DerivedAge.txt");
  for (std::string line; std::getline(file, line);) {
    const auto field = fields(line);
    if (field.size() < 2) continue;
    const auto dots = field[0].find("..");
    const auto last = hex(dots == std::string::npos ? field[0] : field[0].substr(dots + 2));
    for (auto c = hex(field[0].substr(0, dots)); c <= last; ++c) result[c] = std::stod(field[1]);
  }
  return result;
}

/// Takes the sixth field of UnicodeData.txt: code points, behind a tag in angle brackets where they
/// only look alike.
void add_decomposition(character_database& data, std::uint32_t code_point, std::string text) {
  const bool is_compatible = text[0] == '<';
  if (is_compatible) text.erase(0, text.find('>') + 1);
  std::istringstream parts(text);
  std::vector<std::uint32_t> targets;
  for (std::string part; parts >> part;) targets.push_back(hex(part));
  if (is_compatible) {
    data.compatible.push_back({code_point, targets});
  } else if (targets.size() == 1) {
    data.singles.push_back({code_point, targets[0], 0});
  } else {
    data.pairs.push_back({code_point, targets.at(0), targets.at(1)});
  }
}

character_database read_unicode_data(const std::string& folder) {
  character_database result;
  const std::vector<double>& ages = result.ages = read_ages(folder);
  std::ifstream file = open(folder + "/UnicodeData.txt");
  std::uint32_t range_begin = 0;
  for (std::string line; std::getline(file, line);) {
    const auto field = fields(line);
    const std::uint32_t code_point = hex(field[0]);
    const bool is_range_end = field[1].ends_with("Last>");
    for (auto c = is_range_end ? range_begin : code_point; c <= code_point; ++c) {
      result.category[c] = field[2];
      if (ages[c] <= youngest_normalised) result.combining_class[c] = std::stoi(field[3]);
    }
    if (field[1].ends_with("First>")) range_begin = code_point;
    if (field.size() > 13 && !field[13].empty()) result.lowercase[code_point] = hex(field[13]);
    if (field[5].empty() || ages[code_point] > youngest_normalised) continue;
    add_decomposition(result, code_point, field[5]);
  }
  return result;
}

std::set<std::uint32_t> read_property(const std::string& path, const std::string& property) {
  std::set<std::uint32_t> result;
  std::ifstream file = open(path);
  for (std::string line; std::getline(file, line);) {
    const auto field = fields(line);
    if (field.size() < 2 || field[1] != property) continue;
    const auto dots = field[0].find("..");
    const auto last = hex(dots == std::string::npos ? field[0] : field[0].substr(dots + 2));
    for (auto c = hex(field[0].substr(0, dots)); c <= last; ++c) result.insert(c);
  }
  return result;
}

/// Collects entries and breaks the lines at 100 columns.
class table_writer {
 public:
  table_writer(std::ostream& out, std::string element, std::string name)
      : out_(out), element_(std::move(element)), name_(std::move(name)) {}

  template <class... Numbers>
  void add(const char* format, Numbers... numbers) {
    char text[64];
    std::snprintf(text, sizeof text, format, numbers...);
    entries_.emplace_back(text);
  }

  ~table_writer() {
    out_ << "inline constexpr std::array<" << element_ << ", " << entries_.size() << "> " << name_
         << "{{\n";
    std::string line = "   ";
    for (const auto& entry : entries_) {
      if (line.size() + entry.size() + 2 > 100) {
        out_ << line << "\n";
        line = "   ";
      }
      line += " " + entry + ",";
    }
    out_ << line << "\n}};\n\n";
  }

 private:
  std::ostream& out_;
  std::string element_, name_;
  std::vector<std::string> entries_;
};

void write_ranges(std::ostream& out, const std::string& element, const std::string& name,
                  const std::function<bool(std::uint32_t)>& has) {
  table_writer table(out, element, name);
  for (std::uint32_t c = 0; c < code_points; ++c) {
    if (!has(c)) continue;
    const auto first = c;
    while (c + 1 < code_points && has(c + 1)) ++c;
    table.add("{0x%x, 0x%x}", first, c);
  }
}

void write_head(std::ostream& out, const std::string& what) {
  out << "// SPDX-License-Identifier: Apache-2.0\n#pragma once\n"
      << "// " << what << "\n"
      << "// Unicode 16.0.0, written by tests/text/unicode_tables_generator.cpp, which says how.\n"
      << "// clang-format off\n\n#include <array>\n#include <cstdint>\n\nnamespace radlads::text "
         "{\n\n";
}

void write_marks(std::ostream& out, const character_database& data) {
  write_head(out, "Combining classes, and marks that StripAccents takes away.");
  out << "/// Code points of a canonical combining class other than 0.\n"
      << "struct combining_class_range {\n  std::uint32_t first, last;\n  std::uint8_t "
         "combining_class;\n};\n";
  {
    table_writer table(out, "combining_class_range", "combining_class_ranges");
    const auto& classes = data.combining_class;
    for (std::uint32_t c = 0; c < code_points; ++c) {
      if (classes[c] == 0) continue;
      const auto first = c;
      while (c + 1 < code_points && classes[c + 1] == classes[first]) ++c;
      table.add("{0x%x, 0x%x, %d}", first, c, classes[first]);
    }
  }
  out << "struct mark_range {\n  std::uint32_t first, last;\n};\n\n"
      << "/// General category M as Unicode 9 had it.\n";
  write_ranges(out, "mark_range", "mark_ranges", [&](std::uint32_t c) {
    if (c == 0x1CF2 || c == 0x1CF3) return true;  // letters since Unicode 12
    if (c == 0x111C9) return false;               // a mark since Unicode 11
    return data.category[c][0] == 'M' && data.ages[c] <= youngest_normalised;
  });
  out << "}  // namespace radlads::text\n";
}

void write_categories(std::ostream& out, const std::string& folder,
                      const character_database& data) {
  write_head(out, "General categories, and what else counts as part of a word.");
  out << "enum class general_category : std::uint8_t {\n ";
  for (const char* name : category_names) out << " " << name << ",";
  out << "\n};\n\n/// Runs of one category from U+0000 on, as length * 32 + category.\n";
  {
    table_writer table(out, "std::uint32_t", "general_category_runs");
    const auto& category = data.category;
    for (std::uint32_t first = 0, c = 0; c < code_points; first = c) {
      while (c < code_points && category[c] == category[first]) ++c;
      const auto found = std::find(category_names.begin(), category_names.end(), category[first]);
      table.add("%u", (c - first) * 32 + static_cast<unsigned>(found - category_names.begin()));
    }
  }
  out << "struct code_point_range {\n  std::uint32_t first, last;\n};\n\n"
      << "/// Property Alphabetic outside of the categories L, M and Nl.\n";
  const auto alphabetic = read_property(folder + "/DerivedCoreProperties.txt", "Alphabetic");
  write_ranges(out, "code_point_range", "other_alphabetic_ranges", [&](std::uint32_t c) {
    const std::string& category = data.category[c];
    return alphabetic.contains(c) && category[0] != 'L' && category[0] != 'M' && category != "Nl";
  });
  out << "}  // namespace radlads::text\n";
}

/// Steps of lowercase letters: those of one run have the same distance to their capitals.
void write_lowercase(std::ostream& out, const character_database& data) {
  write_head(out, "Lowercase of single characters, for all but U+0130, which becomes two.");
  out << "/// Capitals first, first + step, ... last; their lowercase is `distance` further.\n"
      << "struct lowercase_run {\n  std::uint32_t first, last, step;\n  std::int32_t distance;\n"
      << "};\n\n";
  {
    table_writer table(out, "lowercase_run", "lowercase_runs");
    const auto distance = [&](std::uint32_t c) {
      return static_cast<int>(data.lowercase[c]) - static_cast<int>(c);
    };
    const auto follows = [&](std::uint32_t first, std::uint32_t c) {
      return c < code_points && data.lowercase[c] != 0 && distance(c) == distance(first);
    };
    for (std::uint32_t c = 0; c < code_points; ++c) {
      if (data.lowercase[c] == 0 || c == 0x130) continue;
      const std::uint32_t first = c, step = follows(c, c + 1) ? 1 : 2;
      while (follows(first, c + step) && (step == 1 || data.lowercase[c + 1] == 0)) c += step;
      table.add("{0x%x, 0x%x, %u, %d}", first, c, c == first ? 1 : step, distance(first));
    }
  }
  out << "}  // namespace radlads::text\n";
}

void write_single_decompositions(std::ostream& out, const std::vector<decomposition>& singles) {
  out << "/// Neighbouring code points that are canonically one other code point each.\n"
      << "struct single_decomposition_range {\n"
      << "  std::uint32_t first, last, target;  // target: index of the first one's "
         "single_targets\n};\n";
  {
    table_writer table(out, "single_decomposition_range", "single_decomposition_ranges");
    for (std::size_t i = 0; i < singles.size(); ++i) {
      const std::size_t first = i;
      while (i + 1 < singles.size() && singles[i + 1].code_point == singles[i].code_point + 1) ++i;
      table.add("{0x%x, 0x%x, %zu}", singles[first].code_point, singles[i].code_point, first);
    }
  }
  table_writer table(out, "std::uint32_t", "single_targets");
  for (const auto& d : singles) table.add("0x%x", d.first);
}

void write_decompositions(std::ostream& out, const std::string& folder,
                          const character_database& data) {
  write_head(out, "Canonical decompositions, and their inverse; Hangul is computed instead.");
  write_single_decompositions(out, data.singles);
  out << "/// A code point that is canonically two others, of which the first may decompose "
         "further.\n"
      << "struct pair_decomposition {\n  std::uint32_t code_point, first, second;\n};\n";
  {
    table_writer table(out, "pair_decomposition", "pair_decompositions");
    for (const auto& d : data.pairs)
      table.add("{0x%x, 0x%x, 0x%x}", d.code_point, d.first, d.second);
  }
  const auto excluded =
      read_property(folder + "/DerivedNormalizationProps.txt", "Full_Composition_Exclusion");
  std::vector<std::uint32_t> order;
  for (std::uint32_t i = 0; i < data.pairs.size(); ++i) {
    if (!excluded.contains(data.pairs[i].code_point)) order.push_back(i);
  }
  std::sort(order.begin(), order.end(), [&](auto a, auto b) {
    const auto &x = data.pairs[a], &y = data.pairs[b];
    return std::pair(x.first, x.second) < std::pair(y.first, y.second);
  });
  out << "/// Entries of pair_decompositions that compose again, ordered by (first, second).\n";
  {
    table_writer table(out, "std::uint16_t", "compositions");
    for (const auto i : order) table.add("%u", i);
  }
  out << "}  // namespace radlads::text\n";
}

/// Compatibility decompositions to one character, in runs of neighbours with neighbouring targets.
void write_compatibility_singles(std::ostream& out, const character_database& data) {
  write_head(out, "Compatibility decompositions to one character; the others are sequences.");
  out << "/// Neighbouring code points, and what the first of them looks like; the others' "
         "follow.\n"
      << "struct compatibility_run {\n  std::uint32_t first, last, target;\n};\n";
  {
    table_writer table(out, "compatibility_run", "compatibility_runs");
    const auto& all = data.compatible;
    for (std::size_t i = 0; i < all.size(); ++i) {
      const std::size_t first = i;
      if (all[i].targets.size() != 1) continue;
      const auto follows = [&](std::size_t next) {
        const auto offset = static_cast<std::uint32_t>(next - first);
        return next < all.size() && all[next].targets.size() == 1 &&
               all[next].code_point == all[first].code_point + offset &&
               all[next].targets[0] == all[first].targets[0] + offset;
      };
      while (follows(i + 1)) ++i;
      table.add("{0x%x, 0x%x, 0x%x}", all[first].code_point, all[i].code_point,
                all[first].targets[0]);
    }
  }
  out << "}  // namespace radlads::text\n";
}

void write_compatibility_sequences(std::ostream& out, const character_database& data) {
  write_head(out, "Compatibility decompositions to several characters.");
  out << "/// A code point, and where its characters begin in compatibility_characters; they end "
         "where\n/// those of the next begin.\n"
      << "struct compatibility_sequence {\n  std::uint32_t code_point;\n  std::uint16_t first;\n"
      << "};\n";
  std::vector<std::uint32_t> characters;
  {
    table_writer table(out, "compatibility_sequence", "compatibility_sequences");
    for (const auto& entry : data.compatible) {
      if (entry.targets.size() == 1) continue;
      table.add("{0x%x, %zu}", entry.code_point, characters.size());
      characters.insert(characters.end(), entry.targets.begin(), entry.targets.end());
    }
  }
  {
    table_writer table(out, "std::uint32_t", "compatibility_characters");
    for (const auto c : characters) table.add("0x%x", c);
  }
  out << "}  // namespace radlads::text\n";
}

}  // namespace

int main(int argument_count, char** arguments) {
  if (argument_count != 3) {
    std::cerr << "usage: unicode_tables_generator UCD_FOLDER OUTPUT_FOLDER\n";
    return 1;
  }
  const std::string folder = arguments[1], output = arguments[2];
  const character_database data = read_unicode_data(folder);
  std::ofstream categories(output + "/unicode_categories.hpp");
  write_categories(categories, folder, data);
  std::ofstream lowercase(output + "/unicode_lowercase.hpp");
  write_lowercase(lowercase, data);
  std::ofstream marks(output + "/unicode_marks.hpp");
  write_marks(marks, data);
  std::ofstream decompositions(output + "/unicode_decompositions.hpp");
  write_decompositions(decompositions, folder, data);
  std::ofstream singles(output + "/unicode_compatibility_singles.hpp");
  write_compatibility_singles(singles, data);
  std::ofstream sequences(output + "/unicode_compatibility_sequences.hpp");
  write_compatibility_sequences(sequences, data);
  return 0;
}
