// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a template may use, and errors that name its line.

#include "radlads/core/error.hpp"
#include "radlads/text/jinja/syntax.hpp"
#include "radlads/text/jinja/value.hpp"

#include <algorithm>
#include <cstdint>
#include <string>

namespace radlads::text::jinja {

/// An error that says where in the template it is.
class template_error : public error {
 public:
  using error::error;
};

/// Calls f(); what it throws begins with the line.
template <class F>
auto at_line(int line, F&& f) {
  try {
    return f();
  } catch (const template_error&) {
    throw;
  } catch (const error& problem) {
    throw template_error(concatenate("line ", line, ": ", problem.what()));
  }
}

class budget {
 public:
  explicit budget(const limits& bounds) : bounds_(bounds) {}

  void take_steps(std::int64_t count) {
    steps_ += count;
    require(steps_ <= bounds_.steps, "the template takes more than ", bounds_.steps, " steps");
  }
  /// For text that is read or made: a step is worth a thousand bytes.
  void take_bytes(std::int64_t count) {
    bytes_ += count;
    require(bytes_ <= bounds_.bytes, "the template makes more than ", bounds_.bytes,
            " bytes of text");
    take_steps(count / 1000);
  }
  void take_reading(const value& v) { take_steps(1 + v.weight() / 1000); }

  bool is_equal(const value& a, const value& b) {
    const std::int64_t least = std::min(a.weight(), b.weight());
    take_steps(1 + (a.string() ? least / 1000 : least));
    return jinja::is_equal(a, b);
  }

  /// A level of evaluation deeper until it goes out of scope.
  class level {
   public:
    explicit level(budget& owner) : owner_(owner) {
      require(owner.depth_ < most_levels, "the template calls itself or nests deeper than ",
              most_levels, " levels");
      ++owner.depth_;
    }
    level(const level&) = delete;
    level& operator=(const level&) = delete;
    ~level() { --owner_.depth_; }

   private:
    static constexpr int most_levels = 400;
    budget& owner_;
  };

 private:
  limits bounds_;
  std::int64_t steps_ = 0, bytes_ = 0;
  int depth_ = 0;
};

/// Arguments of a call.
struct arguments {
  list positional;
  dictionary named;

  /// The argument at `index`, from 0, or of this name, or null.
  const value* get(std::size_t index, std::string_view name) const {
    if (index < positional.size()) return &positional[index];
    return find(named, name);
  }
  const value& need(std::size_t index, std::string_view name) const {
    const value* found = get(index, name);
    require(found != nullptr, "the argument '", name, "' is missing");
    return *found;
  }
  const std::string& text(std::size_t index, std::string_view name) const {
    const value& found = need(index, name);
    require(found.string() != nullptr, "the argument '", name, "' is ", type_name(found),
            ", expected a string");
    return *found.string();
  }
  std::int64_t integer(std::size_t index, std::string_view name, std::int64_t absent) const {
    const value* found = get(index, name);
    if (!found || found->is_none()) return absent;
    require(found->integer() != nullptr, "the argument '", name, "' is ", type_name(*found),
            ", expected an integer");
    return *found->integer();
  }
  bool flag(std::size_t index, std::string_view name, bool absent) const {
    const value* found = get(index, name);
    return found ? is_true(*found) : absent;
  }
};

}  // namespace radlads::text::jinja
