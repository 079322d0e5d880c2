// SPDX-License-Identifier: Apache-2.0
#pragma once
// Scans on the CPU: value channels as SIMD lanes, (batch, head) pairs split among threads, each
// head from its first token to its last with up to 64 channels of state in the first-level cache.

#include "radlads/core/cpu/backend.hpp"
#include "radlads/core/cpu/lanes.hpp"
#include "radlads/core/dispatch.hpp"
#include "radlads/core/view.hpp"
#include "radlads/recurrence/arguments.hpp"
#include "radlads/recurrence/cpu/segment.hpp"
#include "radlads/recurrence/state.hpp"

#include <Eigen/Core>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace radlads::recurrence {

/// A few neighbouring heads of one sequence. Their rows share cache lines, so narrow heads go over
/// a segment one after the other before the next segment begins.
struct head_group {
  std::int64_t batch, first, count;
};

/// The scan of a head group for K keys. Heads of more channels than there are lanes go block by
/// block.
template <class Cell, class T, int K>
struct cpu_scan {
  static constexpr int W = scan_lanes<T, K>;
  using lanes_t = lanes<T, W>;
  using row = lanes_t[K];
  using block = state_block<T, K, W>;
  using forward_arguments = scan_forward_arguments<Cell, T, host_space>;
  using backward_arguments = scan_backward_arguments<Cell, T, host_space>;

  static constexpr std::int64_t token_size = std::int64_t{Cell::inputs} * K;
  static constexpr int partial = partial_lanes<T>;
  static constexpr std::int64_t largest_group = std::max(1, 64 / K);
  /// Tokens whose input gradients are summed together: a load of partial sums soon after their
  /// stores, which are narrower, would wait for them.
  static constexpr std::int64_t tokens_summed = std::max(1, 64 / K);

  /// Scratch of one worker.
  struct memory {
    T* tokens;     // (inputs, checkpoint_interval, K)
    row* states;   // (largest_group): the states, or their gradients
    row* state;    // the state that is replayed
    row* replay;   // (checkpoint_interval): the states before a segment's tokens
    T* sums;       // (tokens_summed, inputs, K, partial)
    T* gradients;  // (tokens_summed, inputs, K)
  };
  template <class Scope>
  static memory take(Scope& scope) {
    constexpr std::int64_t summed = tokens_summed * token_size;
    return {scope.template take<T, 1>({checkpoint_interval * token_size}).pointer,
            scope.template take<row, 1>({largest_group}).pointer,
            scope.template take<row, 1>({1}).pointer,
            scope.template take<row, 1>({checkpoint_interval}).pointer,
            scope.template take<T, 1>({summed * partial}).pointer,
            scope.template take<T, 1>({summed}).pointer};
  }

  /// What one head does with one segment: tokens [start, start + count).
  struct section {
    std::int64_t batch, head, heads, start, count;
    block part;
  };

  static void forward(const forward_arguments& a, const head_group& group, const memory& m) {
    const std::int64_t V = a.v.extent(3), time = a.v.extent(1);
    for (std::int64_t offset = 0; offset < V; offset += W) {
      const block part{a.inputs[0].extent(3), V, offset};
      for (std::int64_t i = 0; i < group.count; ++i) {
        part.load(head_state(a.initial_state, group.batch, group.first + i), m.states[i]);
      }
      for (std::int64_t start = 0; start < time; start += checkpoint_interval) {
        const std::int64_t count = std::min(checkpoint_interval, time - start);
        for (std::int64_t i = 0; i < group.count; ++i) {
          forward_section(a, {group.batch, group.first + i, a.heads(), start, count, part},
                          m.states[i], m);
        }
      }
      for (std::int64_t i = 0; i < group.count && !a.final_state.empty(); ++i) {
        part.store(m.states[i], head_state(a.final_state, group.batch, group.first + i));
      }
    }
  }

  static void forward_section(const forward_arguments& a, const section& at, row& state,
                              const memory& m) {
    if (!a.checkpoints.empty()) {
      const std::int64_t index = at.batch * a.heads() + at.head;
      at.part.store(state, a.checkpoints.row(index, at.start / checkpoint_interval, 0));
    }
    gather_segment<Cell, T, K>(a.inputs, at.batch, at.head, at.start, at.count, m.tokens);
    run_tokens(at, m.tokens, a.v, a.y, state, nullptr);
  }

  /// Moves the state over a section. Writes the outputs, or, when `before` is given, the state
  /// before each token instead.
  [[gnu::flatten]] static void run_tokens(const section& at, const T* tokens,
                                          const view<const T, 4>& all_v, const view<T, 4>& all_y,
                                          row& state, row* before) {
    const std::int64_t width = at.part.width(), offset = at.part.offset;
    const head_rows<const T> v(all_v, at.batch, at.head, at.heads, at.start);
    const head_rows<T> y(all_y, at.batch, at.head, at.heads, at.start);
    for (std::int64_t i = 0; i < at.count; ++i) {
      const token_inputs<T, K> x{tokens + i * K};
      if (before != nullptr) std::copy(state, state + K, before[i]);
      const lanes_t out = Cell::template step<K>(state, x, lanes_t::load(v[i] + offset, width));
      if (before == nullptr) out.store(y[i] + offset, width);
    }
  }

  static void backward(const backward_arguments& a, const head_group& group, const memory& m) {
    const std::int64_t V = a.v.extent(3), time = a.v.extent(1);
    for (const view<T, 4>& to : a.dinputs) {
      if (to.stride(1) != 0) continue;
      for (std::int64_t i = 0; i < group.count; ++i) {
        T* const sum = to.row(group.batch, 0, group.first + i);
        std::fill(sum, sum + to.extent(3), T(0));
      }
    }
    for (std::int64_t offset = 0; offset < V; offset += W) {
      const block part{a.inputs[0].extent(3), V, offset};
      for (std::int64_t i = 0; i < group.count; ++i) {
        part.load(head_state(a.dfinal_state, group.batch, group.first + i), m.states[i]);
      }
      for (std::int64_t segment = checkpoint_count(time) - 1; segment >= 0; --segment) {
        const std::int64_t start = segment * checkpoint_interval;
        const std::int64_t count = std::min(checkpoint_interval, time - start);
        for (std::int64_t i = 0; i < group.count; ++i) {
          backward_section(a, {group.batch, group.first + i, a.heads(), start, count, part},
                           m.states[i], m);
        }
      }
      for (std::int64_t i = 0; i < group.count && !a.dinitial_state.empty(); ++i) {
        part.store(m.states[i], head_state(a.dinitial_state, group.batch, group.first + i));
      }
    }
  }

  static void backward_section(const backward_arguments& a, const section& at, row& dstate,
                               const memory& m) {
    const std::int64_t index = at.batch * a.heads() + at.head;
    gather_segment<Cell, T, K>(a.inputs, at.batch, at.head, at.start, at.count, m.tokens);
    at.part.load(a.checkpoints.row(index, at.start / checkpoint_interval, 0), *m.state);
    run_tokens(at, m.tokens, a.v, {}, *m.state, m.replay);
    for (std::int64_t end = at.count; end > 0; end -= tokens_summed) {
      const std::int64_t begin = std::max<std::int64_t>(0, end - tokens_summed);
      backward_tokens(a, at, begin, end, dstate, m);
      put_gradients(a, at, begin, end, m);
    }
  }

  /// Tokens end - 1 ... begin; their input gradients become partial sums.
  [[gnu::flatten]] static void backward_tokens(const backward_arguments& a, const section& at,
                                               std::int64_t begin, std::int64_t end, row& dstate,
                                               const memory& m) {
    const std::int64_t width = at.part.width(), offset = at.part.offset;
    const head_rows<const T> v(a.v, at.batch, at.head, at.heads, at.start);
    const head_rows<const T> dy(a.dy, at.batch, at.head, at.heads, at.start);
    const head_rows<T> dv(a.dv, at.batch, at.head, at.heads, at.start);
    for (std::int64_t i = end - 1; i >= begin; --i) {
      const token_inputs<T, K> x{m.tokens + i * K};
      partial_gradients<T, K> dx{m.sums + (i - begin) * token_size * partial};
      const lanes_t value = lanes_t::load(v[i] + offset, width);
      const lanes_t dout = lanes_t::load(dy[i] + offset, width);
      Cell::template step_backward<K>(m.replay[i], x, value, dout, dstate, dx)
          .store(dv[i] + offset, width);
    }
  }

  /// Sums the lanes for tokens [begin, end). The first block of channels overwrites, the others
  /// add, and so do all tokens to a sum over them.
  static void put_gradients(const backward_arguments& a, const section& at, std::int64_t begin,
                            std::int64_t end, const memory& m) {
    sum_neighbours<tokens_summed * token_size, partial>(m.sums, m.gradients);
    for (int input = 0; input < Cell::inputs; ++input) {
      const view<T, 4>& all = a.dinputs[static_cast<std::size_t>(input)];
      const head_rows<T> to(all, at.batch, at.head, at.heads, at.start);
      const std::int64_t size = all.extent(3);
      for (std::int64_t i = begin; i < end; ++i) {
        T* from = m.gradients + ((i - begin) * Cell::inputs + input) * K;
        if (input == Cell::decay) {
          using factors = Eigen::Map<Eigen::Array<T, K, 1>>;
          factors{from} *= factors(m.tokens + (input * checkpoint_interval + i) * K);
        }
        if (at.part.offset > 0 || to.step == 0) {
          for (std::int64_t j = 0; j < size; ++j) to[i][j] += from[j];
        } else if (size == K) {
          std::copy(from, from + K, to[i]);
        } else {
          std::copy(from, from + size, to[i]);
        }
      }
    }
  }
};

/// Calls f(algorithm, head group, scratch) for all heads, with the algorithm for the least width
/// that holds their keys.
template <class Cell, class T, class F>
void for_each_group(cpu_backend& b, const shape<4>& inputs, std::int64_t V, F&& f) {
  const std::int64_t batch = inputs[0], time = inputs[1], heads = inputs[2], keys = inputs[3];
  // A range of fewer state updates is not worth waking a thread for.
  constexpr std::int64_t least_work = 1 << 16;
  const std::int64_t work = std::max<std::int64_t>(1, time * keys * V);
  const auto run = [&](auto algorithm) {
    using memory = typename decltype(algorithm)::memory;
    scratch_scope scope(b);
    auto memories = scope.template take<memory, 1>({b.threads()});
    for (int worker = 0; worker < b.threads(); ++worker) memories(worker) = algorithm.take(scope);
    const std::int64_t group =
        std::clamp<std::int64_t>(batch * heads / b.threads(), 1, algorithm.largest_group);
    const std::int64_t groups = (heads + group - 1) / group;
    b.parallel_for(batch * groups, least_work / (work * group) + 1,
                   [&](std::int64_t begin, std::int64_t end, int worker) {
                     for (std::int64_t index = begin; index < end; ++index) {
                       const std::int64_t first = index % groups * group;
                       const head_group here{index / groups, first, std::min(group, heads - first)};
                       f(algorithm, here, memories(worker));
                     }
                   });
  };
  dispatch_at_least<8, 16, 32, 64, 128, 256>("scan: the key width", keys,
                                             [&](auto K) { run(cpu_scan<Cell, T, K>{}); });
}

}  // namespace radlads::recurrence

namespace radlads::cpu_detail {

template <class Cell, class T>
void scan_forward_on(cpu_backend& b,
                     const recurrence::scan_forward_arguments<Cell, T, host_space>& a) {
  recurrence::for_each_group<Cell, T>(
      b, a.inputs[0].sizes(), a.v.extent(3),
      [&](auto algorithm, const recurrence::head_group& group, const auto& memory) {
        algorithm.forward(a, group, memory);
      });
}

template <class Cell, class T>
void scan_backward_on(cpu_backend& b,
                      const recurrence::scan_backward_arguments<Cell, T, host_space>& a) {
  recurrence::for_each_group<Cell, T>(
      b, a.inputs[0].sizes(), a.v.extent(3),
      [&](auto algorithm, const recurrence::head_group& group, const auto& memory) {
        algorithm.backward(a, group, memory);
      });
}

/// Documents run group by group: there is no launch to save.
template <class Cell, class T>
bool scan_forward_varlen_on(cpu_backend&, std::span<const std::int64_t>,
                            const recurrence::scan_forward_arguments<Cell, T, host_space>&) {
  return false;
}
template <class Cell, class T>
bool scan_backward_varlen_on(cpu_backend&, std::span<const std::int64_t>,
                             const recurrence::scan_backward_arguments<Cell, T, host_space>&) {
  return false;
}

}  // namespace radlads::cpu_detail

#if defined(RADLADS_INSTANCE)
namespace radlads::recurrence {
struct gated_deltanet;
struct gla;
struct kda;
struct mamba2;
struct rwkv6;
struct rwkv7;
}  // namespace radlads::recurrence

namespace radlads::cpu_detail {
#define RADLADS_SCAN_INSTANCES(Cell, T)                                              \
  RADLADS_INSTANCE void scan_forward_on(                                             \
      cpu_backend&, const recurrence::scan_forward_arguments<Cell, T, host_space>&); \
  RADLADS_INSTANCE void scan_backward_on(                                            \
      cpu_backend&, const recurrence::scan_backward_arguments<Cell, T, host_space>&);
RADLADS_SCAN_INSTANCES(recurrence::gated_deltanet, float)
RADLADS_SCAN_INSTANCES(recurrence::gated_deltanet, double)
RADLADS_SCAN_INSTANCES(recurrence::gla, float)
RADLADS_SCAN_INSTANCES(recurrence::gla, double)
RADLADS_SCAN_INSTANCES(recurrence::kda, float)
RADLADS_SCAN_INSTANCES(recurrence::kda, double)
RADLADS_SCAN_INSTANCES(recurrence::mamba2, float)
RADLADS_SCAN_INSTANCES(recurrence::mamba2, double)
RADLADS_SCAN_INSTANCES(recurrence::rwkv6, float)
RADLADS_SCAN_INSTANCES(recurrence::rwkv6, double)
RADLADS_SCAN_INSTANCES(recurrence::rwkv7, float)
RADLADS_SCAN_INSTANCES(recurrence::rwkv7, double)
#undef RADLADS_SCAN_INSTANCES
}  // namespace radlads::cpu_detail
#endif
