// SPDX-License-Identifier: Apache-2.0
#pragma once
// Teacher weights to student fields, as a table that can be printed before it is carried out.
// Tensors keep the teacher's names (receptance is still q_proj), so the table lists the
// student's.

#include "radlads/core/backend.hpp"
#include "radlads/core/error.hpp"
#include "radlads/core/parameters.hpp"
#include "radlads/models/config.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <ostream>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace radlads::transfer {

/// One tensor of the student: where its value comes from.
struct weight_map_entry {
  std::string destination;
  std::string source;  ///< teacher tensor, or empty: freshly initialised
  std::vector<std::int64_t> sizes;
};

/// What transfer may do differently.
struct weight_map_options {
  bool fresh_projections =
      false;  ///< q, k, v and o of recurrent layers are initialised, not copied
};

using weight_map = std::vector<weight_map_entry>;

/// Throws unless the student's sizes are the teacher's.
inline void check_pair(const models::config& teacher, const models::config& student) {
  const auto agree = [](const char* what, std::int64_t t, std::int64_t s) {
    require(t == s, "transfer: the teacher has ", what, " ", t, ", the student ", s);
  };
  agree("vocabulary", teacher.vocabulary, student.vocabulary);
  agree("hidden size", teacher.hidden, student.hidden);
  agree("intermediate size", teacher.intermediate, student.intermediate);
  agree("layer count", teacher.layers, student.layers);
  agree("head count", teacher.heads, student.heads);
  agree("key/value head count", teacher.kv_heads, student.kv_heads);
  agree("head size", teacher.head_size, student.head_size);
}

/// The table for a teacher and a student model (models::language_model). A tied teacher gives its
/// embedding to an untied student's head. Throws when sizes differ.
template <class Teacher, class Student>
weight_map make_weight_map(const Teacher& teacher, const Student& student,
                           const weight_map_options& options = {}) {
  check_pair(teacher.config, student.config);
  require(teacher.config.is_tied || !student.config.is_tied,
          "transfer: the teacher's head is not its embedding, so the student's cannot be tied");
  std::map<std::string, std::vector<std::int64_t>> found;
  std::string embedding;
  Teacher::params::for_each(
      [&](const tensor_info& info, const auto& each) {
        found[info.name] = {each.sizes().begin(), each.sizes().end()};
        if (info.role == tensor_role::embedding) embedding = info.name;
      },
      teacher.weights);
  weight_map result;
  Student::params::for_each(
      [&](const tensor_info& info, const auto& each) {
        weight_map_entry entry{info.name, "", {each.sizes().begin(), each.sizes().end()}};
        const bool is_fresh = options.fresh_projections &&
                              info.part == tensor_part::recurrent_mixer &&
                              info.purpose == tensor_purpose::projection;
        const bool is_head = info.role == tensor_role::head && !found.contains(info.name);
        const std::string& source = is_head ? embedding : info.name;
        const auto match = found.find(source);
        const bool is_same = match != found.end() && match->second == entry.sizes;
        if (is_same && !is_fresh) entry.source = source;
        result.push_back(std::move(entry));
      },
      student.weights);
  return result;
}

/// Carries out the copies of a weight map; fresh tensors are left as the student's initialise()
/// made them.
template <class B, class Teacher, class Student>
void apply(B& b, const weight_map& p, const Teacher& teacher, Student& student) {
  using T = typename Student::scalar_type;
  static_assert(std::is_same_v<T, typename Teacher::scalar_type>,
                "transfer copies between models of one scalar type");
  std::map<std::string, std::pair<const T*, std::int64_t>> sources;
  Teacher::params::for_each(
      [&](const std::string& name, const auto& each) {
        sources[name] = {each.data(), each.size()};
      },
      teacher.weights);
  std::map<std::string, std::string> source_of;
  for (const weight_map_entry& entry : p) source_of[entry.destination] = entry.source;
  Student::params::for_each(
      [&](const std::string& name, auto& each) {
        const std::string& source = source_of[name];
        if (source.empty()) return;
        const auto [pointer, size] = sources.at(source);
        require(size == each.size(), "transfer: ", source, " holds ", size, " numbers, ", name, " ",
                each.size());
        b.copy(each.data(), pointer, static_cast<std::size_t>(size) * sizeof(T));
      },
      student.weights);
  b.synchronize();
}

/// One line a tensor: "model.layers.0.self_attn.q_proj.weight <- the same".
inline void print(const weight_map& p, std::ostream& out) {
  for (const weight_map_entry& entry : p) {
    out << entry.destination << " (";
    for (std::size_t i = 0; i < entry.sizes.size(); ++i)
      out << (i > 0 ? ", " : "") << entry.sizes[i];
    out << ") <- ";
    if (entry.source.empty()) {
      out << "initialised\n";
    } else {
      out << (entry.source == entry.destination ? "the same" : entry.source) << '\n';
    }
  }
}

}  // namespace radlads::transfer
