// SPDX-License-Identifier: Apache-2.0
// Every operation on CUDA in bf16, the L2 cache flushed before each run: GB/s of the bytes it must
// read and write, or TFLOP/s, and the share of what a copy or a large product reached in the same
// run. 16,384 rows of 3,584 channels, 28 heads of 128; heads of losses at Qwen2.5-0.5B's
// vocabulary. An operation is timed only after bf16 and float agreed on fewer rows of the same
// numbers.

#include "../support/cuda_ceilings.cuh"
#include "../support/cuda_runs.cuh"
#include "radlads/core/host_copy.hpp"
#include "radlads/core/random.hpp"
#include "radlads/cuda.cuh"
#include "radlads/layers/rad_rwkv7_maps.hpp"
#include "radlads/layers/swiglu.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

using namespace radlads;
using namespace radlads::bench;

struct sizes {
  std::int64_t rows, columns, vocabulary;
};
constexpr sizes wide{16384, 3584, 32768}, wide_check{300, 3584, 500};
constexpr sizes head{4096, 896, 151936}, head_check{200, 896, 500};
constexpr std::int64_t head_size = 128, groups = 7;

/// What operations read and write, from one table of numbers that bf16 holds.
template <class T>
struct buffers {
  using scalar = T;
  using A = accumulate_t<T>;
  sizes z;
  cuda_backend b;
  tensor<T, 2, cuda_backend> x, target, dy, y, dx;           // (N, C)
  tensor<T, 2, cuda_backend> more[3];                        // (N, C)
  tensor<T, 2, cuda_backend> table, dtable, few, dfew;       // (V, C), (N, C / groups)
  tensor<T, 1, cuda_backend> weight, bias, dweight, dbias;   // (C)
  tensor<T, 2, cuda_backend> square, dsquare;                // (C, C)
  tensor<A, 1, cuda_backend> inverse, losses;                // (N)
  tensor<A, 2, cuda_backend> mean_of_head, inverse_of_head;  // (N, H)
  tensor<A, 1, cuda_backend> moment, variance, exact;        // (N C)
  tensor<double, 1, cuda_backend> sum;
  tensor<std::int32_t, 1, cuda_backend> ids;
  tensor<float, 1, cuda_backend> flushed;
  std::vector<float> numbers;
  std::size_t next = 0;

  explicit buffers(const sizes& from) : z(from) {
    const auto [N, C, V] = z;
    numbers.resize(65521);
    const random_stream source{1, 1};
    for (std::size_t i = 0; i < numbers.size(); ++i)
      numbers[i] = static_cast<float>(source.normal(i));
    for (auto* each : {&x, &target, &dy, &y, &dx, &more[0], &more[1], &more[2]})
      fill(*each, {N, C});
    // Logits of unit size.
    fill(table, {V, C}, 1 / std::sqrt(static_cast<float>(C)));
    fill(few, {N, C / groups});
    dtable.resize(b, {V, C});
    dfew.resize(b, {N, C / groups});
    for (auto* each : {&weight, &bias}) fill(*each, {C});
    for (auto* each : {&dweight, &dbias}) each->resize(b, {C});
    fill(square, {C, C});
    dsquare.resize(b, {C, C});
    for (auto* each : {&moment, &variance, &exact}) {
      each->resize(b, {N * C});
      set_zero<A, 1, cuda_backend>(b, *each);
    }
    for (auto* each : {&inverse, &losses}) each->resize(b, {N});
    for (auto* each : {&mean_of_head, &inverse_of_head}) each->resize(b, {N, C / head_size});
    for (auto* each : {&dtable, &dsquare}) set_zero<T, 2, cuda_backend>(b, *each);
    for (auto* each : {&dweight, &dbias}) set_zero<T, 1, cuda_backend>(b, *each);
    sum.resize(b, {1});
    ids.resize(b, {N});
    write_on_host(b, ids, [&](std::int32_t* to) {
      for (std::int64_t i = 0; i < N; ++i) to[i] = static_cast<std::int32_t>(i * 7919 % V);
    });
    flushed.resize(b, {std::int64_t{32} << 20});
  }

  template <int Rank>
  void fill(tensor<T, Rank, cuda_backend>& to, const shape<Rank>& shape, float scale = 1) {
    to.resize(b, shape);
    write_on_host(b, to, [&](T* each) {
      for (std::int64_t i = 0; i < to.size(); ++i) {
        const bf16 rounded(scale * numbers[next++ % numbers.size()]);
        each[i] = static_cast<T>(static_cast<float>(rounded));
      }
    });
  }
  /// Rows as heads.
  template <class Tensor>
  auto heads(Tensor& t) {
    return reshape<3>(t.whole(), {t.extent(0), t.extent(1) / head_size, head_size});
  }
  /// Rows as one sequence, (1, N, C).
  template <class Tensor>
  auto sequence(Tensor& t) {
    return reshape<3>(t.whole(), {1, t.extent(0), t.extent(1)});
  }
  double bytes(double count) const {
    return count * static_cast<double>(z.rows * z.columns) * sizeof(T);
  }
};

/// The buffers of the cases that are timed, made once for all of one size.
buffers<bf16>& timed_buffers(const sizes& z) {
  static std::unique_ptr<buffers<bf16>> kept;
  if (!kept || kept->z.columns != z.columns) {
    kept.reset();
    kept = std::make_unique<buffers<bf16>>(z);
  }
  return *kept;
}

/// Appends a tensor's numbers.
template <class T, int Rank>
void collect(cuda_backend& b, const tensor<T, Rank, cuda_backend>& from, std::vector<double>& to) {
  for (const T each : to_host(b, from))
    to.push_back(static_cast<double>(static_cast<accumulate_t<T>>(each)));
}

template <class T, class Run, class Results>
std::vector<double> results_of(const sizes& z, Run&& run, Results&& results) {
  buffers<T> d(z);
  run(d);
  std::vector<double> all;
  results(d, [&](const auto& each) { collect(d.b, each, all); });
  return all;
}

double difference(const std::vector<double>& found, const std::vector<double>& expected) {
  double error = 0, size = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    error += (found[i] - expected[i]) * (found[i] - expected[i]);
    size += expected[i] * expected[i];
  }
  return size > 0 ? std::sqrt(error / size) : 1;
}

/// One operation: `run(d)` on buffers of any scalar, what it writes, and the bytes or operations it
/// needs at best.
struct demand {
  double bytes = 0, operations = 0;
};
template <class Run, class Results, class Demand>
void add(const char* name, const sizes& z, const sizes& check, Run run, Results results,
         Demand needs) {
  register_runs(
      std::string("operation/") + name, benchmark::kMicrosecond, [=](benchmark::State& state) {
        const double off = difference(results_of<bf16>(check, run, results),
                                      results_of<float>(check, run, results));
        if (!is_agreed(state, off, 8e-3)) return;
        const cuda_ceilings& best = cuda_ceilings_of_run();
        buffers<bf16>& d = timed_buffers(z);
        time_runs(
            state, d.b, [&] { set_zero<float, 1, cuda_backend>(d.b, d.flushed); }, [&] { run(d); });
        const demand each = needs(d);
        if (each.operations > 0) {
          count_rate(state, "TFLOP/s", each.operations * 1e-12);
          count_rate(state, "share", each.operations * 1e-12 / best.teraflops);
          state.counters["of TFLOP/s"] = best.teraflops;
        } else {
          count_rate(state, "GB/s", each.bytes * 1e-9);
          count_rate(state, "share", each.bytes * 1e-9 / best.gigabytes);
          state.counters["of GB/s"] = best.gigabytes;
        }
      });
}

template <class D>
using scalar_of = typename std::remove_cvref_t<D>::scalar;

/// An operation on rows whose tensors it reads or writes `passes` times in all.
template <class Run, class Results>
void add_pass(const char* name, double passes, Run run, Results results) {
  add(name, wide, wide_check, run, results, [=](const auto& d) {
    return demand{d.bytes(passes), 0};
  });
}

void add_rows() {
  add_pass(
      "rms_norm_forward", 2,
      [](auto& d) {
        ops::rms_norm_forward<scalar_of<decltype(d)>>(d.b, 1e-6, d.weight, d.x, d.y, d.inverse);
      },
      [](auto& d, auto take) { take(d.y), take(d.inverse); });
  add_pass(
      "rms_norm_forward_backward", 5,
      [](auto& d) {
        using T = scalar_of<decltype(d)>;
        ops::rms_norm_forward<T>(d.b, 1e-6, d.weight, d.x, d.y, d.inverse);
        ops::rms_norm_backward<T>(d.b, d.weight, d.x, d.inverse, d.dy, d.dx, d.dweight);
      },
      [](auto& d, auto take) { take(d.dx), take(d.dweight); });
  add_pass(
      "group_norm_forward_backward", 5,
      [](auto& d) {
        using T = scalar_of<decltype(d)>;
        ops::group_norm_forward<T>(d.b, 1e-5, d.weight, d.bias, d.heads(d.x), d.heads(d.y),
                                   d.mean_of_head, d.inverse_of_head);
        ops::group_norm_backward<T>(d.b, d.weight, d.heads(d.x), d.mean_of_head, d.inverse_of_head,
                                    d.heads(d.dy), d.heads(d.dx), d.dweight, d.dbias);
      },
      [](auto& d, auto take) { take(d.dx), take(d.dweight), take(d.dbias); });
  add_pass(
      "normalize_forward_backward", 5,
      [](auto& d) {
        using T = scalar_of<decltype(d)>;
        ops::normalize_forward<T>(d.b, 1e-12, d.heads(d.x), d.heads(d.y), d.inverse_of_head);
        ops::normalize_backward<T>(d.b, d.heads(d.y), d.inverse_of_head, d.heads(d.dy),
                                   d.heads(d.dx));
      },
      [](auto& d, auto take) { take(d.y), take(d.dx); });
  add_pass(
      "token_shift_forward_backward", 4,
      [](auto& d) {
        using T = scalar_of<decltype(d)>;
        ops::token_shift_forward<T>(d.b, d.sequence(d.x), {}, d.sequence(d.y), {});
        ops::token_shift_backward<T>(d.b, d.sequence(d.dy), d.sequence(d.target));
      },
      [](auto& d, auto take) { take(d.y), take(d.target); });
  add_pass(
      "rope", 2,
      [](auto& d) {
        using T = scalar_of<decltype(d)>;
        const shape<4> s{1, d.z.rows, d.z.columns / head_size, head_size};
        ops::rope<T>(d.b, 1e6, 0, 1, reshape<4>(d.x.read(), s), reshape<4>(d.y.whole(), s));
      },
      [](auto& d, auto take) { take(d.y); });
  add_pass(
      "silu_product_forward", 3,
      [](auto& d) {
        using T = scalar_of<decltype(d)>;
        ops::elementwise<T>(d.b, layers::silu_product{}, ops::outputs(d.y),
                            ops::inputs(d.x, d.target));
      },
      [](auto& d, auto take) { take(d.y); });
  add_pass(
      "silu_product_backward", 5,
      [](auto& d) {
        using T = scalar_of<decltype(d)>;
        ops::elementwise<T>(d.b, layers::silu_product_backward{}, ops::outputs(d.y, d.dx),
                            ops::inputs(d.x, d.target, d.dy));
      },
      [](auto& d, auto take) { take(d.y), take(d.dx); });
  add_pass(
      "repeat_heads_forward_backward", 2 + 2.0 / groups,
      [](auto& d) {
        using T = scalar_of<decltype(d)>;
        ops::repeat_heads_forward<T>(d.b, d.heads(d.few), d.heads(d.y));
        ops::repeat_heads_backward<T>(d.b, d.heads(d.dy), d.heads(d.dfew));
      },
      [](auto& d, auto take) { take(d.y), take(d.dfew); });
  add_pass(
      "rad_rwkv7_maps_forward", 7 + 1.0 / groups,
      [](auto& d) {
        using T = scalar_of<decltype(d)>;
        ops::l2norm_map_forward<T>(
            d.b, layers::balanced_maps{}, d.heads(std::as_const(d.few)),
            ops::outputs(d.y, d.dx, d.more[0], d.more[1], d.more[2]),
            ops::inputs(d.x, d.target, ops::broadcast_rows(d.weight, d.z.rows),
                        ops::broadcast_rows(d.bias, d.z.rows)));
      },
      [](auto& d, auto take) { take(d.y), take(d.dx), take(d.more[0]), take(d.more[2]); });
  add_pass(
      "rad_rwkv7_maps_backward", 8 + 2.0 / groups,
      [](auto& d) {
        using T = scalar_of<decltype(d)>;
        ops::l2norm_map_backward<T>(d.b, layers::balanced_maps_backward{},
                                    d.heads(std::as_const(d.few)), d.heads(d.dfew),
                                    ops::outputs(d.dx, d.more[2]),
                                    ops::inputs(d.x, d.target, d.dy, d.y, d.more[0], d.more[1]));
      },
      [](auto& d, auto take) { take(d.dx), take(d.more[2]), take(d.dfew); });
  add_pass(
      "embedding_forward", 2,
      [](auto& d) { ops::embedding_forward<scalar_of<decltype(d)>>(d.b, d.table, d.ids, d.y); },
      [](auto& d, auto take) { take(d.y); });
  add_pass(
      "embedding_backward", 3,
      [](auto& d) { ops::embedding_backward<scalar_of<decltype(d)>>(d.b, d.ids, d.dy, d.dtable); },
      [](auto& d, auto take) { take(d.dtable); });
  add_pass(
      "alignment_l2", 3,
      [](auto& d) {
        ops::alignment_l2<scalar_of<decltype(d)>>(d.b, 0.5f, d.y, d.target, d.losses, d.dx);
      },
      [](auto& d, auto take) { take(d.losses), take(d.dx); });
  add_pass(
      "sum_rows", 1, [](auto& d) { ops::sum_rows<scalar_of<decltype(d)>>(d.b, d.x, d.dbias); },
      [](auto& d, auto take) { take(d.dbias); });
  add_pass(
      "sum_squares", 1,
      [](auto& d) {
        using T = scalar_of<decltype(d)>;
        ops::sum_squares_into<T>(d.b, std::as_const(d.x).flat(), d.sum);
      },
      [](auto& d, auto take) { take(d.sum); });
  add_pass(
      "convert_to_float", 3,
      [](auto& d) {
        using T = scalar_of<decltype(d)>;
        ops::convert<T, float>(d.b, std::as_const(d.x).flat(), d.moment.flat());
      },
      [](auto& d, auto take) { take(d.moment); });
  // Two bytes of parameter and of gradient, twelve of moments and master, the last three and the
  // parameter written as well: 28 for each of two-byte numbers.
  add_pass(
      "adamw", 14,
      [](auto& d) {
        using T = scalar_of<decltype(d)>;
        const optim::adamw_step<float> step{0.5f,   0.9f,  0.1f, 0.95f, 0.05f,
                                            0.999f, 1e-2f, 1.5f, 1e-8f};
        adamw_on<T>(d.b, step, d.y.flat(), std::as_const(d.dy).flat(), d.moment.flat(),
                    d.variance.flat(), d.exact.flat());
      },
      [](auto& d, auto take) { take(d.moment), take(d.variance), take(d.exact); });
}

void add_products() {
  const auto product = [](double times) {
    return [=](const auto& d) {
      const auto C = static_cast<double>(d.z.columns);
      return demand{0, times * 2 * static_cast<double>(d.z.rows) * C * C};
    };
  };
  add(
      "linear_forward", wide, wide_check,
      [](auto& d) { ops::linear<scalar_of<decltype(d)>>(d.b, d.square, {}, d.x, d.y); },
      [](auto& d, auto take) { take(d.y); }, product(1));
  add(
      "linear_backward", wide, wide_check,
      [](auto& d) {
        ops::linear_backward<scalar_of<decltype(d)>>(d.b, d.square, d.x, d.dy, d.dx, d.dsquare, {});
      },
      [](auto& d, auto take) { take(d.dx), take(d.dsquare); }, product(2));
  const auto logits = [](double times) {
    return [=](const auto& d) {
      return demand{0, times * 2 * static_cast<double>(d.z.rows * d.z.columns) *
                           static_cast<double>(d.z.vocabulary)};
    };
  };
  add(
      "head_cross_entropy", head, head_check,
      [](auto& d) {
        using T = scalar_of<decltype(d)>;
        ops::head_cross_entropy<T>(d.b, 1.0f, d.table, d.x, d.ids, d.losses, {}, d.dx, d.dtable);
      },
      [](auto& d, auto take) { take(d.losses), take(d.dx), take(d.dtable); }, logits(3));
  add(
      "head_kl_divergence", head, head_check,
      [](auto& d) {
        using T = scalar_of<decltype(d)>;
        ops::head_kl_divergence<T>(d.b, 1.0f, 0.0f, 1.0f, d.table, d.x, d.table, d.target, {},
                                   d.losses, d.dx, d.dtable);
      },
      [](auto& d, auto take) { take(d.losses), take(d.dx), take(d.dtable); }, logits(4));
}

const bool is_registered = [] {
  add_rows();
  add_products();
  return true;
}();

}  // namespace
