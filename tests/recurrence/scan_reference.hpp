// SPDX-License-Identifier: Apache-2.0
#pragma once
// Cases of scan_case.hpp, head by head through those of tests/reference.

#include "radlads/recurrence/gated_deltanet.hpp"
#include "radlads/recurrence/gla.hpp"
#include "radlads/recurrence/kda.hpp"
#include "radlads/recurrence/mamba2.hpp"
#include "radlads/recurrence/rwkv6.hpp"
#include "radlads/recurrence/rwkv7.hpp"
#include "recurrence/chunkwise_form.hpp"
#include "recurrence/scan_case.hpp"
#include "reference/chunkwise.hpp"
#include "reference/gated_deltanet.hpp"
#include "reference/gla.hpp"
#include "reference/kda.hpp"
#include "reference/mamba2.hpp"
#include "reference/rwkv6.hpp"
#include "reference/rwkv7.hpp"

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
  x.reserve(static_cast<std::size_t>(Cell::inputs));
  for (int input = 0; input < Cell::inputs; ++input) {
    x.push_back(head_rows(data.inputs[static_cast<std::size_t>(input)], data.sizes,
                          recurrence::input_width<Cell>(input, data.sizes.K), batch, head));
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
      if constexpr (std::is_same_v<Cell, recurrence::rwkv7>) {
        using c = recurrence::rwkv7;
        one = reference::rwkv7(x[c::r], x[c::w], x[c::k], x[c::a], x[c::b], v,
                               reference::transpose(initial));
        one.state = reference::transpose(one.state);
      } else if constexpr (std::is_same_v<Cell, recurrence::gated_deltanet>) {
        using c = recurrence::gated_deltanet;
        one = reference::gated_deltanet(x[c::r], x[c::k], x[c::g], x[c::b], v,
                                        reference::transpose(initial));
        one.state = reference::transpose(one.state);
      } else if constexpr (std::is_same_v<Cell, recurrence::kda>) {
        using c = recurrence::kda;
        one = reference::kda(x[c::r], x[c::w], x[c::k], x[c::b], v, initial);
      } else if constexpr (std::is_same_v<Cell, recurrence::mamba2>) {
        using c = recurrence::mamba2;
        one = reference::mamba2(x[c::r], x[c::k], x[c::g], v, initial);
      } else if constexpr (std::is_same_v<Cell, recurrence::rwkv6>) {
        using c = recurrence::rwkv6;
        one = reference::rwkv6(x[c::r], x[c::w], x[c::k], x[c::u], v, initial);
      } else {
        using c = recurrence::gla;
        one = reference::gla(x[c::r], x[c::w], x[c::k], v, initial);
      }
      put_head_rows(one.y, data.sizes, batch, head, out.y);
      put_head_state(one.state, data.sizes, batch, head, out.final_state);
    }
  }
  return out;
}

/// One head's inputs in the order of the cell's enum, the decay as its logarithm.
template <class Cell>
head_rows_of logarithmic_inputs(const scan_data<Cell, double>& data, std::int64_t batch,
                                std::int64_t head) {
  head_rows_of x;
  for (int input = 0; input < Cell::inputs; ++input) {
    x.push_back(head_rows(data.inputs[static_cast<std::size_t>(input)], data.sizes,
                          recurrence::input_width<Cell>(input, data.sizes.K), batch, head));
  }
  return x;
}

template <class Cell>
scan_outputs<double> run_chunkwise(const scan_data<Cell, double>& data) {
  using form = chunkwise_form<Cell>;
  scan_outputs<double> out{std::vector<double>(data.v.size()),
                           std::vector<double>(data.initial.size())};
  for (std::int64_t batch = 0; batch < data.sizes.B; ++batch) {
    for (std::int64_t head = 0; head < data.sizes.H; ++head) {
      const auto x = logarithmic_inputs(data, batch, head);
      const auto v = head_rows(data.v, data.sizes, data.sizes.V, batch, head);
      const reference::chunk one(form::inputs(x, v), reference::transpose(head_state_of(
                                                         data.initial, data.sizes, batch, head)));
      put_head_rows(form::outputs(x, v, one.outputs()), data.sizes, batch, head, out.y);
      put_head_state(reference::transpose(one.final_state()), data.sizes, batch, head,
                     out.final_state);
    }
  }
  return out;
}

template <class Cell>
scan_gradients<Cell, double> run_chunkwise_backward(const scan_data<Cell, double>& data) {
  using form = chunkwise_form<Cell>;
  scan_gradients<Cell, double> out;
  for (std::size_t i = 0; i < out.inputs.size(); ++i) out.inputs[i].resize(data.inputs[i].size());
  out.v.resize(data.v.size());
  out.initial.resize(data.initial.size());
  for (std::int64_t batch = 0; batch < data.sizes.B; ++batch) {
    for (std::int64_t head = 0; head < data.sizes.H; ++head) {
      const auto x = logarithmic_inputs(data, batch, head);
      const auto v = head_rows(data.v, data.sizes, data.sizes.V, batch, head);
      const auto dy = head_rows(data.dy, data.sizes, data.sizes.V, batch, head);
      const auto dfinal = head_state_of(data.dfinal, data.sizes, batch, head);
      const reference::chunk one(form::inputs(x, v), reference::transpose(head_state_of(
                                                         data.initial, data.sizes, batch, head)));
      const reference::chunk_gradients d =
          one.backward(form::output_gradients(dy), reference::transpose(dfinal));
      head_rows_of dx;
      reference::rows<double> dv;
      form::gradients(x, v, dy, d, dx, dv);
      for (std::size_t i = 0; i < dx.size(); ++i)
        put_head_rows(dx[i], data.sizes, batch, head, out.inputs[i]);
      put_head_rows(dv, data.sizes, batch, head, out.v);
      put_head_state(reference::transpose(d.initial), data.sizes, batch, head, out.initial);
    }
  }
  return out;
}

}  // namespace radlads::test
