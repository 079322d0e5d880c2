// SPDX-License-Identifier: Apache-2.0
#pragma once
// Runs a template: statements become text, expressions values.

#include "radlads/core/error.hpp"
#include "radlads/text/jinja/budget.hpp"
#include "radlads/text/jinja/filters.hpp"
#include "radlads/text/jinja/syntax.hpp"
#include "radlads/text/jinja/value.hpp"
#include "radlads/text/jinja/value_text.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace radlads::text::jinja {

/// What a template sees from outside.
struct environment {
  dictionary globals;
  std::tm now{};  ///< what strftime_now prints
  /// Names and parts that are not there are errors (StrictUndefined), except where a test or the
  /// filter default asks for them.
  bool refuses_undefined = false;
  limits bounds;
};

class evaluator {
 public:
  /// The text of a template. Throws naming the line.
  static std::string render(const body& all, const environment& outside) {
    evaluator own(outside);
    std::string out;
    own.run(all, out);
    return out;
  }

  /// The value of an expression alone. Throws naming the line. A namespace or macro does not
  /// outlive this call, so neither may be what it gives.
  static value value_of(const expression& e, const environment& outside) {
    evaluator own(outside);
    value v = own.evaluate(e);
    require(!v.space() && !v.get_if<callable>(), "the expression gives ", type_name(v));
    return v;
  }

 private:
  using scope = std::map<std::string, value, std::less<>>;
  enum class flow { goes_on, breaks, continues };

  explicit evaluator(const environment& outside) : outside_(outside), budget_(outside.bounds) {
    scopes_.emplace_back();
    for (const auto& [name, each] : outside.globals) scopes_[0][name] = each;
  }

  /// A scope until it goes out of scope.
  struct inner_scope {
    explicit inner_scope(std::vector<scope>& all) : scopes(all) { scopes.emplace_back(); }
    inner_scope(const inner_scope&) = delete;
    inner_scope& operator=(const inner_scope&) = delete;
    ~inner_scope() { scopes.pop_back(); }
    std::vector<scope>& scopes;
  };

  value look_up(const std::string& name) const {
    for (std::size_t i = scopes_.size(); i > first_scope_; --i) {
      const auto found = scopes_[i - 1].find(name);
      if (found != scopes_[i - 1].end()) return found->second;
    }
    const auto found = scopes_[0].find(name);
    if (found != scopes_[0].end()) return found->second;
    static constexpr std::array<std::string_view, 5> functions{"range", "namespace", "dict",
                                                               "raise_exception", "strftime_now"};
    for (const std::string_view each : functions) {
      if (name == each) return callable{name, nullptr};
    }
    return undefined{name};
  }

  // Statements.

  void print(std::string& out, std::string_view text) {
    budget_.take_bytes(static_cast<std::int64_t>(text.size()));
    out += text;
  }

  flow run(const body& statements, std::string& out) {
    const budget::level deeper(budget_);
    for (const statement& s : statements) {
      const flow next = at_line(s.line, [&] {
        budget_.take_steps(1);
        return run(s, out);
      });
      if (next != flow::goes_on) return next;
    }
    return flow::goes_on;
  }

  flow run(const statement& s, std::string& out) {
    switch (s.kind) {
      case statement_kind::text:
        print(out, s.text);
        break;
      case statement_kind::output: {
        const value v = evaluate(s.expressions[0]);
        require(v.weight() <= most_value_weight, "a value is too large to print");
        print(out, to_text(v));
        break;
      }
      case statement_kind::condition:
        return run_condition(s, out);
      case statement_kind::loop:
        return run_loop(s, out);
      case statement_kind::assign:
        assign(s, evaluate(s.expressions[0]));
        break;
      case statement_kind::assign_block:
        scopes_.back()[s.names[0]] = filtered_body(s);
        break;
      case statement_kind::filter_block:
        print(out, to_text(filtered_body(s)));
        break;
      case statement_kind::macro:
        scopes_.back()[s.text] = callable{s.text, &s};
        break;
      case statement_kind::group:
        return run(s.bodies[0], out);
      case statement_kind::loop_break:
        return flow::breaks;
      case statement_kind::loop_continue:
        return flow::continues;
    }
    return flow::goes_on;
  }

  flow run_condition(const statement& s, std::string& out) {
    for (std::size_t i = 0; i < s.expressions.size(); ++i) {
      if (is_true(evaluate(s.expressions[i]))) return run(s.bodies[i], out);
    }
    return s.bodies.size() > s.expressions.size() ? run(s.bodies.back(), out) : flow::goes_on;
  }

  void assign(const statement& s, value v) {
    if (!s.text.empty()) {
      name_space* space = look_up(s.text).space();
      require(space != nullptr, "'", s.text, "' is no namespace, so its parts cannot be set");
      set_entry(space->entries, s.names[0], std::move(v));
    } else {
      bind(scopes_.back(), s.names, std::move(v));
    }
  }

  static void set_entry(dictionary& entries, const std::string& name, value v) {
    for (auto& [key, each] : entries) {
      if (key != name) continue;
      each = std::move(v);
      return;
    }
    entries.emplace_back(name, std::move(v));
  }

  /// One name takes the value, several its items.
  static void bind(scope& into, const std::vector<std::string>& names, value v) {
    if (names.size() == 1) {
      into[names[0]] = std::move(v);
      return;
    }
    require(v.items() && v.items()->size() == names.size(), names.size(), " names stand for ",
            type_name(v), v.items() ? concatenate(" of ", v.items()->size()) : "");
    for (std::size_t i = 0; i < names.size(); ++i) into[names[i]] = (*v.items())[i];
  }

  value filtered_body(const statement& s) {
    std::string text;
    {
      const inner_scope inner(scopes_);
      run(s.bodies[0], text);
    }
    if (s.expressions.empty()) return text;
    block_text_ = std::move(text);
    return evaluate(s.expressions[0]);
  }

  flow run_loop(const statement& s, std::string& out) {
    list items = items_of(budget_, evaluate(s.expressions[0]));
    if (s.expressions.size() > 1) {
      list kept;
      for (value& item : items) {
        const inner_scope inner(scopes_);
        bind(scopes_.back(), s.names, item);
        if (is_true(evaluate(s.expressions[1]))) kept.push_back(std::move(item));
      }
      items = std::move(kept);
    }
    if (items.empty()) return s.bodies.size() > 1 ? run(s.bodies[1], out) : flow::goes_on;
    name_space loop;
    for (std::size_t i = 0; i < items.size(); ++i) {
      budget_.take_steps(1);
      const inner_scope inner(scopes_);
      describe_loop(loop, items, i);
      scopes_.back()["loop"] = &loop;
      bind(scopes_.back(), s.names, items[i]);
      if (run(s.bodies[0], out) == flow::breaks) break;
    }
    return flow::goes_on;
  }

  static void describe_loop(name_space& loop, const list& items, std::size_t i) {
    const auto index = static_cast<std::int64_t>(i), size = static_cast<std::int64_t>(items.size());
    loop.entries = {{"index0", index},
                    {"index", index + 1},
                    {"revindex", size - index},
                    {"revindex0", size - index - 1},
                    {"first", i == 0},
                    {"last", i + 1 == items.size()},
                    {"length", size}};
    if (i > 0) loop.entries.emplace_back("previtem", items[i - 1]);
    if (i + 1 < items.size()) loop.entries.emplace_back("nextitem", items[i + 1]);
  }

  // Expressions.

  value evaluate(const expression& e) {
    const budget::level deeper(budget_);
    return at_line(e.line, [&] {
      value result = value_of(e);
      const std::string* text = result.string();
      budget_.take_steps(1 + (text ? static_cast<std::int64_t>(text->size()) / 1000 : 0));
      return result;
    });
  }

  /// A value that is there, unless its absence is looked at.
  value present(value v, bool may_be_absent) const {
    if (outside_.refuses_undefined && !may_be_absent && v.is_undefined())
      fail("'", v.get_if<undefined>()->name, "' is undefined");
    return v;
  }

  value value_of(const expression& e) {
    const bool may_be_absent = std::exchange(may_be_absent_, false);
    const auto part = [&](std::size_t i) { return evaluate(e.parts[i]); };
    const auto part_if_present = [&](std::size_t i) {
      may_be_absent_ = true;
      return evaluate(e.parts[i]);
    };
    switch (e.kind) {
      case expression_kind::constant:
        return e.constant;
      case expression_kind::name:
        return present(look_up(e.text), may_be_absent);
      case expression_kind::list_of: {
        list items;
        for (const expression& each : e.parts) items.push_back(evaluate(each));
        return items;
      }
      case expression_kind::dictionary_of:
        return dictionary_value(e);
      case expression_kind::attribute:
        return present(attribute(part(0), e.text), may_be_absent);
      case expression_kind::item:
        return present(item(part(0), part(1)), may_be_absent);
      case expression_kind::slice:
        return slice(part(0), part(1), part(2), part(3));
      case expression_kind::call:
        return call(e);
      case expression_kind::filter: {
        const bool is_block =
            e.parts[0].kind == expression_kind::constant && e.parts[0].text == block_marker;
        const bool looks_at_absence = e.text == "default" || e.text == "d";
        const value v = is_block           ? value(block_text_)
                        : looks_at_absence ? part_if_present(0)
                                           : part(0);
        return apply_filter(budget_, e.text, v, arguments_of(e));
      }
      case expression_kind::test:
        return apply_test(budget_, e.text, part_if_present(0), arguments_of(e));
      case expression_kind::negate:
        return arithmetic(budget_, "-", std::int64_t{0}, part(0));
      case expression_kind::logical_not:
        return !is_true(part(0));
      case expression_kind::logical_and: {
        value left = part(0);
        return is_true(left) ? part(1) : left;
      }
      case expression_kind::logical_or: {
        value left = part(0);
        return is_true(left) ? left : part(1);
      }
      case expression_kind::compare: {
        const value left = part(0);
        return compare(budget_, e.text, left, part(1));
      }
      case expression_kind::arithmetic: {
        const value left = part(0);
        value result = arithmetic(budget_, e.text, left, part(1));
        budget_.take_bytes(result.weight());
        return result;
      }
      case expression_kind::conditional:
        return is_true(part(0)) ? part(1) : part(2);
    }
    return {};
  }

  value dictionary_value(const expression& e) {
    dictionary entries;
    for (std::size_t i = 0; i + 1 < e.parts.size(); i += 2) {
      const value key = evaluate(e.parts[i]);
      require(key.string() != nullptr, "a key of a dictionary is ", type_name(key),
              ", expected a string");
      budget_.take_steps(static_cast<std::int64_t>(entries.size()) / 100);
      set_entry(entries, *key.string(), evaluate(e.parts[i + 1]));
    }
    return entries;
  }

  static value attribute(const value& v, const std::string& name) {
    if (v.is_undefined()) fail("'", v.get_if<undefined>()->name, "' is undefined");
    const dictionary* entries = v.space() ? &v.space()->entries : v.entries();
    const value* found = entries ? find(*entries, name) : nullptr;
    return found ? *found : value(undefined{name});
  }

  value item(const value& v, const value& key) {
    budget_.take_reading(v);
    if (key.string() && !v.string() && !v.items()) return attribute(v, *key.string());
    if (v.is_undefined()) fail("'", v.get_if<undefined>()->name, "' is undefined");
    if (!is_whole(key) || (!v.string() && !v.items())) return undefined{to_text(key)};
    const std::int64_t size = *length_of(v).integer();
    const std::int64_t at = whole(key) < 0 ? whole(key) + size : whole(key);
    if (at < 0 || at >= size) return undefined{concatenate("item ", whole(key))};
    if (v.items()) return (*v.items())[static_cast<std::size_t>(at)];
    return std::string(characters_of(*v.string())[static_cast<std::size_t>(at)]);
  }

  value slice(const value& v, const value& first, const value& last, const value& step) {
    budget_.take_reading(v);
    if (v.is_undefined()) fail("'", v.get_if<undefined>()->name, "' is undefined");
    if (const list* items = v.items()) {
      list out;
      const auto size = static_cast<std::int64_t>(items->size());
      for (const std::size_t i : slice_places(size, first, last, step)) out.push_back((*items)[i]);
      return out;
    }
    require(v.string() != nullptr, type_name(v), " cannot be sliced");
    const auto characters = characters_of(*v.string());
    std::string out;
    const auto size = static_cast<std::int64_t>(characters.size());
    for (const std::size_t i : slice_places(size, first, last, step)) out += characters[i];
    return out;
  }

  // Calls.

  arguments arguments_of(const expression& e) {
    arguments a;
    for (std::size_t i = 1; i < e.parts.size(); ++i) a.positional.push_back(evaluate(e.parts[i]));
    for (const auto& [name, each] : e.named) a.named.emplace_back(name, evaluate(each));
    return a;
  }

  value call(const expression& e) {
    const expression& called = e.parts[0];
    if (called.kind == expression_kind::attribute) {
      const value object = evaluate(called.parts[0]);
      const arguments a = arguments_of(e);
      if (object.space() && called.text == "cycle") return cycled(*object.space(), a);
      value result = call_method(budget_, object, called.text, a);
      budget_.take_bytes(result.weight());
      return result;
    }
    const value v = evaluate(called);
    const callable* function = v.get_if<callable>();
    if (v.is_undefined()) fail("'", v.get_if<undefined>()->name, "' is undefined");
    require(function != nullptr, type_name(v), " cannot be called");
    const arguments a = arguments_of(e);
    return function->macro ? call_macro(*function->macro, a) : call_function(function->name, a);
  }

  static value cycled(const name_space& loop, const arguments& a) {
    const value* index = find(loop.entries, "index0");
    require(index && index->integer() && !a.positional.empty(),
            "cycle: there is nothing to go through");
    return a.positional[static_cast<std::size_t>(*index->integer()) % a.positional.size()];
  }

  /// A macro sees the template's own names and its parameters.
  value call_macro(const statement& macro, const arguments& a) {
    require(a.positional.size() <= macro.names.size(), "the macro '", macro.text, "' takes ",
            macro.names.size(), " arguments, found ", a.positional.size());
    for (const auto& [name, each] : a.named) {
      const bool is_known =
          std::find(macro.names.begin(), macro.names.end(), name) != macro.names.end();
      require(is_known, "the macro '", macro.text, "' has no parameter '", name, "'");
    }
    const std::size_t outer = std::exchange(first_scope_, scopes_.size());
    const std::size_t required = macro.names.size() - macro.expressions.size();
    std::string out;
    try {
      const inner_scope inner(scopes_);
      for (std::size_t i = 0; i < macro.names.size(); ++i) {
        const value* given = a.get(i, macro.names[i]);
        value v = given          ? *given
                  : i < required ? value(undefined{macro.names[i]})
                                 : evaluate(macro.expressions[i - required]);
        scopes_.back()[macro.names[i]] = std::move(v);
      }
      run(macro.bodies[0], out);
    } catch (...) {
      first_scope_ = outer;
      throw;
    }
    first_scope_ = outer;
    return out;
  }

  value call_function(std::string_view name, const arguments& a) {
    if (name == "range") return range(a);
    if (name == "raise_exception") {
      const value* text = a.get(0, "message");
      fail("the template refuses this: ", text ? to_text(*text) : "");
    }
    if (name == "strftime_now") {
      const std::string& format = a.text(0, "format");
      require(format.size() <= 200, "strftime_now: the format is longer than 200 bytes");
      std::array<char, 4000> buffer;
      return std::string(buffer.data(), std::strftime(buffer.data(), buffer.size(), format.c_str(),
                                                      &outside_.now));
    }
    dictionary entries;
    if (!a.positional.empty() && a.positional[0].entries()) entries = *a.positional[0].entries();
    for (const auto& [key, each] : a.named) set_entry(entries, key, each);
    if (name == "dict") return entries;
    spaces_.push_back(std::make_unique<name_space>(name_space{std::move(entries)}));
    return spaces_.back().get();
  }

  value range(const arguments& a) {
    constexpr std::int64_t most = 100000;  // as in the sandbox of Jinja
    const std::size_t count = a.positional.size();
    require(count >= 1 && count <= 3, "range: ", count, " arguments, expected 1 to 3");
    const std::int64_t begin = count == 1 ? 0 : a.integer(0, "start", 0);
    const std::int64_t end = a.integer(count == 1 ? 0 : 1, "stop", 0);
    const std::int64_t step = a.integer(2, "step", 1);
    require(step != 0, "range: the step is 0");
    constexpr std::int64_t far = std::int64_t{1} << 40;
    require(std::max({std::abs(begin), std::abs(end), std::abs(step)}) < far,
            "range: a number is beyond 2^40");
    const std::int64_t size = std::max<std::int64_t>(
        0, step > 0 ? (end - begin + step - 1) / step : (begin - end - step - 1) / -step);
    require(size <= most, "range: ", size, " numbers, expected at most ", most);
    budget_.take_steps(size / 10);
    list out;
    for (std::int64_t i = 0; i < size; ++i) out.push_back(begin + i * step);
    return out;
  }

  const environment& outside_;
  budget budget_;
  std::vector<scope> scopes_;
  bool may_be_absent_ = false;   // the next value may be undefined
  std::size_t first_scope_ = 0;  // those below belong to the caller of a macro
  std::vector<std::unique_ptr<name_space>> spaces_;
  std::string block_text_;
};

}  // namespace radlads::text::jinja
