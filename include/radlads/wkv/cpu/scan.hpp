// SPDX-License-Identifier: Apache-2.0
#pragma once
// Scans on the CPU: value channels as SIMD lanes, (batch, head) pairs split among threads, each head
// from its first token to its last with up to 64 channels of state in the first-level cache.

#include "radlads/core/backend.hpp"
#include "radlads/core/cpu/lanes.hpp"
#include "radlads/core/dispatch.hpp"
#include "radlads/core/view.hpp"
#include "radlads/wkv/arguments.hpp"
#include "radlads/wkv/cpu/segment.hpp"
#include "radlads/wkv/state.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace radlads::wkv {

/// One head at a time for fixed widths: K keys, packs of W channels.
template <class Cell, class T, int K, int W>
struct cpu_scan {
  using pack = lanes<T, W>;
  using row = pack[K];
  using block = state_block<T, K, W>;
  using forward_arguments = scan_forward_arguments<Cell, T, host_space>;
  using backward_arguments = scan_backward_arguments<Cell, T, host_space>;

  static constexpr std::int64_t token_size = std::int64_t{Cell::inputs} * K;
  static constexpr int partial = partial_lanes<T>;

  /// Scratch of one worker.
  struct memory {
    T* tokens;     // (segment_length, inputs, K)
    row* state;    // the state, or its gradient
    row* replay;   // (segment_length): the states before a segment's tokens
    T* sums;       // (inputs, K, partial)
    T* gradients;  // (inputs, K)
  };
  template <class Scope>
  static memory take(Scope& scope) {
    return {scope.template take<T, 1>({segment_length * token_size}).pointer,
            scope.template take<row, 1>({1}).pointer,
            scope.template take<row, 1>({segment_length}).pointer,
            scope.template take<T, 1>({token_size * partial}).pointer,
            scope.template take<T, 1>({token_size}).pointer};
  }

  /// A head's part of a state (B, H, K, V), or null for an absent one.
  template <class S>
  static S* head_state(const view<S, 4>& state, std::int64_t index) {
    return state.empty() ? nullptr : state.pointer + index * state.extent(2) * state.extent(3);
  }

  static void forward(const forward_arguments& a, std::int64_t index, const memory& m) {
    const std::int64_t V = a.v.extent(3), time = a.v.extent(1), heads = a.v.extent(2);
    for (std::int64_t offset = 0; offset < V; offset += W) {
      const block part{a.inputs[0].extent(3), V, offset};
      part.load(head_state(a.initial_state, index), *m.state);
      for (std::int64_t start = 0; start < time; start += segment_length) {
        const std::int64_t count = std::min(segment_length, time - start);
        if (!a.checkpoints.empty()) {
          part.store(*m.state, a.checkpoints.row(index, start / segment_length, 0));
        }
        gather_segment<Cell, T, K>(a.inputs, index / heads, index % heads, start, count, m.tokens);
        forward_tokens(a, index, start, count, part, m);
      }
      T* last = head_state(a.final_state, index);
      if (last != nullptr) part.store(*m.state, last);
    }
  }

  [[gnu::flatten]] static void forward_tokens(const forward_arguments& a, std::int64_t index,
                                              std::int64_t start, std::int64_t count,
                                              const block& part, const memory& m) {
    const std::int64_t heads = a.v.extent(2), width = part.width();
    const head_rows<const T> v(a.v, index / heads, index % heads);
    const head_rows<T> y(a.y, index / heads, index % heads);
    for (std::int64_t i = 0; i < count; ++i) {
      const token_inputs<T, K> x{m.tokens + i * token_size};
      const pack value = pack::load(v[start + i] + part.offset, width);
      Cell::template step<K>(*m.state, x, value).store(y[start + i] + part.offset, width);
    }
  }

  static void backward(const backward_arguments& a, std::int64_t index, const memory& m) {
    const std::int64_t V = a.v.extent(3), time = a.v.extent(1), heads = a.v.extent(2);
    for (std::int64_t offset = 0; offset < V; offset += W) {
      const block part{a.inputs[0].extent(3), V, offset};
      part.load(head_state(a.dfinal_state, index), *m.state);
      for (std::int64_t segment = segment_count(time) - 1; segment >= 0; --segment) {
        const std::int64_t start = segment * segment_length;
        const std::int64_t count = std::min(segment_length, time - start);
        gather_segment<Cell, T, K>(a.inputs, index / heads, index % heads, start, count, m.tokens);
        part.load(a.checkpoints.row(index, segment, 0), m.replay[0]);
        replay_tokens(a, index, start, count, part, m);
        backward_tokens(a, index, start, count, part, m);
      }
      T* first = head_state(a.dinitial_state, index);
      if (first != nullptr) part.store(*m.state, first);
    }
  }

  [[gnu::flatten]] static void replay_tokens(const backward_arguments& a, std::int64_t index,
                                             std::int64_t start, std::int64_t count,
                                             const block& part, const memory& m) {
    const std::int64_t heads = a.v.extent(2), width = part.width();
    const head_rows<const T> v(a.v, index / heads, index % heads);
    for (std::int64_t i = 0; i + 1 < count; ++i) {
      const token_inputs<T, K> x{m.tokens + i * token_size};
      std::copy(m.replay[i], m.replay[i] + K, m.replay[i + 1]);
      Cell::template step<K>(m.replay[i + 1], x, pack::load(v[start + i] + part.offset, width));
    }
  }

  [[gnu::flatten]] static void backward_tokens(const backward_arguments& a, std::int64_t index,
                                               std::int64_t start, std::int64_t count,
                                               const block& part, const memory& m) {
    const std::int64_t heads = a.v.extent(2), width = part.width();
    const head_rows<const T> v(a.v, index / heads, index % heads);
    const head_rows<const T> dy(a.dy, index / heads, index % heads);
    const head_rows<T> dv(a.dv, index / heads, index % heads);
    for (std::int64_t i = count - 1; i >= 0; --i) {
      const token_inputs<T, K> x{m.tokens + i * token_size};
      partial_gradients<T, K> dx{m.sums};
      const row& before = m.replay[i];
      const pack value = pack::load(v[start + i] + part.offset, width);
      const pack dout = pack::load(dy[start + i] + part.offset, width);
      Cell::template step_backward<K>(before, x, value, dout, *m.state, dx)
          .store(dv[start + i] + part.offset, width);
      sum_neighbours<Cell::inputs * K, partial>(m.sums, m.gradients);
      for (int j = 0; j < K; ++j) m.gradients[Cell::decay * K + j] *= x[Cell::decay][j];
      put_gradients(a, index, start + i, part, m.gradients);
    }
  }

  /// The first block of channels overwrites a token's input gradients, the others add.
  RADLADS_INLINE static void put_gradients(const backward_arguments& a, std::int64_t index,
                                           std::int64_t t, const block& part, const T* from) {
    const std::int64_t heads = a.v.extent(2);
    for (int input = 0; input < Cell::inputs; ++input, from += K) {
      T* to = a.dinputs[static_cast<std::size_t>(input)].row(index / heads, t, index % heads);
      if (part.offset == 0 && part.keys == K) {
        for (int j = 0; j < K; ++j) to[j] = from[j];
      } else if (part.offset == 0) {
        std::copy(from, from + part.keys, to);
      } else {
        for (std::int64_t j = 0; j < part.keys; ++j) to[j] += from[j];
      }
    }
  }
};

/// Calls f(driver, index, scratch) for every head, with the narrowest driver that holds its keys.
template <class Cell, class T, class F>
void for_each_head(cpu_backend& b, const shape<4>& inputs, std::int64_t V, F&& f) {
  const auto [batch, time, heads, keys] = inputs;
  // A range of fewer state updates is not worth waking a thread for.
  constexpr std::int64_t least_work = 1 << 16;
  const std::int64_t grain = least_work / std::max<std::int64_t>(1, time * keys * V) + 1;
  const auto run = [&](auto driver) {
    using memory = typename decltype(driver)::memory;
    scratch_scope scope(b);
    auto memories = scope.template take<memory, 1>({b.threads()});
    for (int worker = 0; worker < b.threads(); ++worker) memories(worker) = driver.take(scope);
    b.parallel_for(batch * heads, grain, [&](std::int64_t begin, std::int64_t end, int worker) {
      for (std::int64_t index = begin; index < end; ++index) f(driver, index, memories(worker));
    });
  };
  dispatch_at_least<4, 8, 16, 32, 64, 128, 256>("scan: the key width", keys, [&](auto K) {
    constexpr int width = lane_width<T>;
    if (V <= width / 2) {
      run(cpu_scan<Cell, T, K, width / 2>{});
    } else if (V <= 2 * width) {
      run(cpu_scan<Cell, T, K, width>{});
    } else {
      // Four registers wide: one broadcast of an input serves four packs.
      run(cpu_scan<Cell, T, K, 4 * width>{});
    }
  });
}

}  // namespace radlads::wkv

namespace radlads {

template <class Cell, class T>
void scan_forward_on(cpu_backend& b, const wkv::scan_forward_arguments<Cell, T, host_space>& a) {
  wkv::for_each_head<Cell, T>(b, a.inputs[0].sizes(), a.v.extent(3),
                              [&](auto driver, std::int64_t index, const auto& memory) {
                                driver.forward(a, index, memory);
                              });
}

template <class Cell, class T>
void scan_backward_on(cpu_backend& b, const wkv::scan_backward_arguments<Cell, T, host_space>& a) {
  wkv::for_each_head<Cell, T>(b, a.inputs[0].sizes(), a.v.extent(3),
                              [&](auto driver, std::int64_t index, const auto& memory) {
                                driver.backward(a, index, memory);
                              });
}

}  // namespace radlads
