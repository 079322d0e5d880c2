// SPDX-License-Identifier: Apache-2.0
#pragma once
// Cases of scan_case.hpp, head by head through the twins in tests/reference.

#include "radlads/wkv/gla.hpp"
#include "radlads/wkv/rwkv7.hpp"
#include "reference/chunked.hpp"
#include "reference/gla.hpp"
#include "reference/rwkv7.hpp"
#include "wkv/scan_case.hpp"

#include <cmath>
#include <cstdint>
#include <type_traits>
#include <vector>

namespace radlads::test {

/// The tokens of one head out of (B, T, H, width).
template <class S>
reference::rows<S> head_rows(const std::vector<S>& from, const scan_sizes& sizes,
                             std::int64_t width, std::int64_t batch, std::int64_t head) {
  reference::rows<S> result;
  for (std::int64_t t = 0; t < sizes.T; ++t) {
    const auto begin = from.begin() + ((batch * sizes.T + t) * sizes.H + head) * width;
    result.emplace_back(begin, begin + width);
  }
  return result;
}

template <class S>
void put_head_rows(const reference::rows<S>& rows, const scan_sizes& sizes, std::int64_t batch,
                   std::int64_t head, std::vector<S>& to) {
  for (std::size_t t = 0; t < rows.size(); ++t) {
    const std::int64_t row = (batch * sizes.T + static_cast<std::int64_t>(t)) * sizes.H + head;
    std::copy(rows[t].begin(), rows[t].end(),
              to.begin() + row * static_cast<std::int64_t>(rows[t].size()));
  }
}

/// One head's (K, V) state out of (B, H, K, V).
template <class S>
reference::matrix<S> head_state_of(const std::vector<S>& from, const scan_sizes& sizes,
                                   std::int64_t batch, std::int64_t head) {
  reference::matrix<S> result;
  auto next = from.begin() + (batch * sizes.H + head) * sizes.K * sizes.V;
  for (std::int64_t j = 0; j < sizes.K; ++j, next += sizes.V) {
    result.emplace_back(next, next + sizes.V);
  }
  return result;
}

template <class S>
void put_head_state(const reference::matrix<S>& state, const scan_sizes& sizes, std::int64_t batch,
                    std::int64_t head, std::vector<S>& to) {
  auto next = to.begin() + (batch * sizes.H + head) * sizes.K * sizes.V;
  for (const auto& row : state) next = std::copy(row.begin(), row.end(), next);
}

/// One head's inputs in the order of the cell's enum, the decay's logarithm turned into a factor.
template <class Cell, class S>
std::vector<reference::rows<S>> head_inputs(const scan_data<Cell, S>& data, std::int64_t batch,
                                            std::int64_t head) {
  std::vector<reference::rows<S>> x;
  for (const auto& input : data.inputs) {
    x.push_back(head_rows(input, data.sizes, data.sizes.K, batch, head));
  }
  for (auto& row : x[Cell::decay]) {
    for (S& value : row) value = std::exp(value);
  }
  return x;
}

template <class Cell, class S>
scan_outputs<S> run_reference(const scan_data<Cell, S>& data) {
  scan_outputs<S> out{std::vector<S>(data.v.size()), std::vector<S>(data.initial.size())};
  for (std::int64_t batch = 0; batch < data.sizes.B; ++batch) {
    for (std::int64_t head = 0; head < data.sizes.H; ++head) {
      const auto x = head_inputs(data, batch, head);
      const auto v = head_rows(data.v, data.sizes, data.sizes.V, batch, head);
      const auto initial = head_state_of(data.initial, data.sizes, batch, head);
      reference::head_outputs<S> one;
      if constexpr (std::is_same_v<Cell, wkv::rwkv7>) {
        using c = wkv::rwkv7;
        one = reference::rwkv7(x[c::r], x[c::w], x[c::k], x[c::a], x[c::b], v,
                               reference::transpose(initial));
        one.state = reference::transpose(one.state);
      } else {
        using c = wkv::gla;
        one = reference::gla(x[c::r], x[c::w], x[c::k], v, initial);
      }
      put_head_rows(one.y, data.sizes, batch, head, out.y);
      put_head_state(one.state, data.sizes, batch, head, out.final_state);
    }
  }
  return out;
}

/// The chunk of one head's whole sequence; a cell without a and b gets zeros for them.
template <class Cell>
reference::chunk head_chunk(const scan_data<Cell, double>& data, std::int64_t batch,
                            std::int64_t head) {
  const auto rows_of = [&](int input) {
    return head_rows(data.inputs[static_cast<std::size_t>(input)], data.sizes, data.sizes.K, batch,
                     head);
  };
  const auto zero =
      reference::rows<double>(static_cast<std::size_t>(data.sizes.T),
                              std::vector<double>(static_cast<std::size_t>(data.sizes.K), 0.0));
  reference::chunk_inputs x{rows_of(Cell::r), rows_of(Cell::w), rows_of(Cell::k), zero, zero, {}};
  if constexpr (std::is_same_v<Cell, wkv::rwkv7>) {
    x.a = rows_of(Cell::a);
    x.b = rows_of(Cell::b);
  }
  x.v = head_rows(data.v, data.sizes, data.sizes.V, batch, head);
  return {x, reference::transpose(head_state_of(data.initial, data.sizes, batch, head))};
}

template <class Cell>
scan_outputs<double> run_chunked(const scan_data<Cell, double>& data) {
  scan_outputs<double> out{std::vector<double>(data.v.size()),
                           std::vector<double>(data.initial.size())};
  for (std::int64_t batch = 0; batch < data.sizes.B; ++batch) {
    for (std::int64_t head = 0; head < data.sizes.H; ++head) {
      const reference::chunk one = head_chunk(data, batch, head);
      put_head_rows(one.outputs(), data.sizes, batch, head, out.y);
      put_head_state(reference::transpose(one.final_state()), data.sizes, batch, head,
                     out.final_state);
    }
  }
  return out;
}

template <class Cell>
scan_gradients<Cell, double> run_chunked_backward(const scan_data<Cell, double>& data) {
  scan_gradients<Cell, double> out;
  for (auto& input : out.inputs) input.resize(data.inputs[0].size());
  out.v.resize(data.v.size());
  out.initial.resize(data.initial.size());
  for (std::int64_t batch = 0; batch < data.sizes.B; ++batch) {
    for (std::int64_t head = 0; head < data.sizes.H; ++head) {
      const auto put = [&](int input, const reference::rows<double>& from) {
        put_head_rows(from, data.sizes, batch, head, out.inputs[static_cast<std::size_t>(input)]);
      };
      const auto dy = head_rows(data.dy, data.sizes, data.sizes.V, batch, head);
      const auto dfinal = head_state_of(data.dfinal, data.sizes, batch, head);
      const reference::chunk_gradients d =
          head_chunk(data, batch, head).backward(dy, reference::transpose(dfinal));
      put(Cell::r, d.r);
      put(Cell::w, d.log_w);
      put(Cell::k, d.k);
      if constexpr (std::is_same_v<Cell, wkv::rwkv7>) {
        put(Cell::a, d.a);
        put(Cell::b, d.b);
      }
      put_head_rows(d.v, data.sizes, batch, head, out.v);
      put_head_state(reference::transpose(d.initial), data.sizes, batch, head, out.initial);
    }
  }
  return out;
}

}  // namespace radlads::test
