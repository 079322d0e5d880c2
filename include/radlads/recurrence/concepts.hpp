// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a recurrence (a cell) must offer to the algorithms behind scan.hpp. A cell is the arithmetic
// of one state row, the K numbers of one value channel, for one token; time, threads and memory are
// the algorithm's.

#include <concepts>
#include <cstddef>
#include <string_view>

namespace radlads::recurrence {

/// Form of a transition S_t = S_{t-1} diag(w) + v k^T.
struct diagonal {};
/// The same with a decay w that is a per-token scalar.
struct diagonal_by_token {};
/// The first, but a token is read before it is written, with a bonus: y_t = (S_{t-1} + v (u k)^T)
/// r.
struct diagonal_with_bonus {};
/// Form of a transition S_t = S_{t-1} (diag(w) + a b^T) + v k^T.
struct diagonal_plus_rank_one {};
/// Form of a transition S_t = S_{t-1} diag(w) (I - b k k^T) + b v k^T, b a per-token scalar.
struct delta_rule {};
/// The same with a decay w that is a per-token scalar.
struct delta_rule_by_token {};

/// How many of a cell's inputs are vectors of K numbers; those after them are per-token scalars. A
/// cell says so by a constant `vectors`, otherwise all are.
template <class Cell>
constexpr int vector_inputs() {
  if constexpr (requires { Cell::vectors; }) {
    return Cell::vectors;
  } else {
    return Cell::inputs;
  }
}

/// Numbers of an input for one token and a head of K keys.
template <class Cell, class Size>
constexpr Size input_width(int input, Size K) {
  return input < vector_inputs<Cell>() ? K : Size{1};
}

/// Stands in for an algorithm's gradient accumulator where a cell is checked.
struct gradient_probe {
  void add(int input, int j, float value);
};

template <class Cell>
concept names_inputs = requires {
  requires std::convertible_to<decltype(Cell::inputs), int>;
  requires std::convertible_to<decltype(Cell::names), std::string_view>;
  requires std::string_view(Cell::names)
  .size() == static_cast<std::size_t>(Cell::inputs);
};

template <class Cell>
concept names_decay = requires {
  requires Cell::decay >= 0 && Cell::decay < Cell::inputs;
  requires vector_inputs<Cell>()
  >= 1 && vector_inputs<Cell>() <= Cell::inputs;
};

template <class Cell>
concept names_form = std::same_as<typename Cell::form, diagonal> ||
    std::same_as<typename Cell::form, diagonal_by_token> ||
    std::same_as<typename Cell::form, diagonal_with_bonus> ||
    std::same_as<typename Cell::form, diagonal_plus_rank_one> ||
    std::same_as<typename Cell::form, delta_rule> ||
    std::same_as<typename Cell::form, delta_rule_by_token>;

template <class Cell>
concept has_step = requires(float (&s)[4], const float* const (&x)[4], float v) {
  { Cell::template step<4>(s, x, v) } -> std::same_as<float>;
};

template <class Cell>
concept has_step_backward = requires(const float (&s)[4], const float* const (&x)[4], float v,
                                     float dy, float (&ds)[4], gradient_probe& dx) {
  { Cell::template step_backward<4>(s, x, v, dy, ds, dx) } -> std::same_as<float>;
};

/// A cell: an enum of its inputs that ends in `inputs`, first the K-vectors, then the per-token
/// scalars (`vectors` counts the former, where the latter exist); one letter a name in
/// `names`, the input that is the decay, the form of its transition, and two functions:
///   step(s, x, v) moves the row s by one token and returns the output of this value channel;
///   step_backward(s, x, v, dy, ds, dx) takes the row before the token, turns ds from dL/dS_t into
///   dL/dS_{t-1}, calls dx.add(input, j, value) exactly once for every input and j, j rising from 0
///   for each input (CUDA sums eight at a time), returns dL/dv.
/// x[input][j] is a number of the token; the decay arrives as a factor, not as a logarithm.
template <class Cell>
concept recurrent_cell = names_inputs<Cell> && names_decay<Cell> && names_form<Cell> &&
    has_step<Cell> && has_step_backward<Cell>;

/// The same requirements for people: one sentence for each that is missing.
template <class Cell>
constexpr bool check_recurrence() {
  static_assert(names_inputs<Cell>,
                "a recurrence needs: enum : int { r, w, k, ..., inputs }; and names, a string_view "
                "with one letter for each input");
  static_assert(names_decay<Cell>,
                "a recurrence needs: static constexpr int decay, the input that is the decay");
  static_assert(
      names_form<Cell>,
      "a recurrence needs: using form = diagonal, diagonal_by_token, diagonal_with_bonus, "
      "diagonal_plus_rank_one, delta_rule or delta_rule_by_token");
  static_assert(has_step<Cell>,
                "a recurrence needs: template <int K, class S, class X> static S "
                "step(S (&s)[K], const X& x, S v)");
  static_assert(has_step_backward<Cell>,
                "a recurrence needs: template <int K, class S, class X, class DX> static S "
                "step_backward(const S (&s)[K], const X& x, S v, S dy, S (&ds)[K], DX& dx)");
  return recurrent_cell<Cell>;
}

}  // namespace radlads::recurrence
