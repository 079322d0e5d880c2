// SPDX-License-Identifier: Apache-2.0
// RWKV-7 by chunks with bf16 operands, as dplr_bf16/ has it: not yet part of the library. One block a head where
// heads are many; prepared chunks and a walk over states where they are few. Timed only after it agreed with
// the library's scan.

#include "dplr_bf16/chunked_dplr.cuh"
#include "dplr_bf16/chunked_dplr_backward.cuh"
#include "recurrence_case.cuh"

namespace {

using namespace radlads;
using namespace radlads::bench;
using cell = wkv::rwkv7;
namespace dplr = wkv::dplr;

constexpr std::int64_t fewest_heads = 100;  // of the form with one block a head

template <class T>
dplr::rows<T> rows_of_view(const view<T, 4, device_space>& x) {
  return {x.pointer, x.stride(0), x.stride(1), x.stride(2)};
}

template <int D>
class bf16_form {
 public:
  explicit bf16_form(recurrence_case<cell>& at) : at_(at), is_walk_(at.s[0] * at.s[2] < fewest_heads) {
    const std::int64_t chunks = at.s[0] * at.s[2] * ((at.s[1] + dplr::chunk - 1) / dplr::chunk);
    records_.resize(at.b, shape<1>{chunks * dplr::sizes<D>::record});
    if (!is_walk_) return;
    prepared_.resize(at.b, shape<1>{chunks * dplr::sizes<D>::prepared});
    walked_.resize(at.b, shape<1>{chunks * dplr::walked_size<D>});
  }

  void forward() {
    dplr::forward_args a{};
    const auto inputs = at_.inputs();
    for (std::size_t i = 0; i < inputs.size(); ++i) a.in[i] = rows_of_view(inputs[i]);
    a.v = rows_of_view(at_.v.read());
    a.y = rows_of_view(at_.y.whole());
    a.records = records_.data();
    a.prepared = prepared_.data();
    a.tokens = at_.s[1];
    a.heads = at_.s[2];
    const cudaStream_t stream = at_.b.stream();
    require_cuda(is_walk_ ? dplr::launch_forward_walk<D>(stream, at_.s[0], a)
                          : dplr::launch_forward<D>(stream, at_.s[0], a),
                 "forward");
  }
  void backward() {
    dplr::backward_args a{};
    const auto inputs = at_.inputs();
    const auto gradients = at_.gradients();
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      a.in[i] = rows_of_view(inputs[i]);
      a.din[i] = rows_of_view(gradients[i]);
    }
    a.v = rows_of_view(at_.v.read());
    a.dy = rows_of_view(at_.dy.read());
    a.dv = rows_of_view(at_.dv.whole());
    a.records = records_.data();
    a.prepared = prepared_.data();
    a.walked = walked_.data();
    a.tokens = at_.s[1];
    a.heads = at_.s[2];
    const cudaStream_t stream = at_.b.stream();
    require_cuda(is_walk_ ? dplr::launch_backward_walk<D>(stream, at_.s[0], a)
                          : dplr::launch_backward<D>(stream, at_.s[0], a),
                 "backward");
  }

  double extra_bytes() const {
    return 2 * static_cast<double>(records_.size() + prepared_.size() + walked_.size());
  }
  const char* name() const { return is_walk_ ? "walk" : "one block a head"; }

 private:
  recurrence_case<cell>& at_;
  bool is_walk_;
  tensor<bf16, 1, cuda_backend> records_, prepared_, walked_;
};

template <int D>
void run(benchmark::State& state, const sizes& z, bool has_backward) {
  {
    // As many heads as decide for the same form.
    sizes part = part_of(z);
    if (z.B * z.H >= fewest_heads) part.H = fewest_heads;
    recurrence_case<cell> at(part);
    bf16_form<D> form(at);
    const auto both = [&] {
      form.forward();
      form.backward();
    };
    if (!is_agreed(state, at.difference(both))) return;
  }
  recurrence_case<cell> at(z);
  bf16_form<D> form(at);
  time_runs(state, at, has_backward, [&] {
    form.forward();
    if (has_backward) form.backward();
  });
  state.counters["extra GiB"] = form.extra_bytes() / 1073741824.0;
  state.SetLabel(form.name());
}

const bool is_registered = [] {
  for (const sizes& z : shapes) {
    for (const bool has_backward : {false, true}) {
      const std::string full = "rwkv7_bf16/" + name_of_shape(z) + (has_backward ? "/both" : "/forward");
      benchmark::RegisterBenchmark(full.c_str(), [z, has_backward](benchmark::State& state) {
        z.D == 64 ? run<64>(state, z, has_backward) : run<128>(state, z, has_backward);
      })->UseManualTime()->Unit(benchmark::kMillisecond)->Iterations(12)->Repetitions(3)->ReportAggregatesOnly();
    }
  }
  return true;
}();

}  // namespace
