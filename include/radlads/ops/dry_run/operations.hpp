// SPDX-License-Identifier: Apache-2.0
#pragma once
// The operations on a backend that only counts: nothing is done, and scratch that grows with the
// sizes is taken as on CUDA.

#include "radlads/core/dry_run/backend.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/core/view.hpp"
#include "radlads/ops/logit_slice.hpp"
#include "radlads/ops/rope_scaling.hpp"

#include <cstdint>

namespace radlads::dry_run_detail {

template <class T, class F, class Outputs, class Inputs>
void elementwise_on(dry_run_backend&, const F&, const Outputs&, const Inputs&) {}
template <class T, class... Arguments>
void matmul_on(dry_run_backend&, const Arguments&...) {}
template <class T, class... Arguments>
void rms_norm_forward_on(dry_run_backend&, const Arguments&...) {}
template <class T, class... Arguments>
void rms_norm_backward_on(dry_run_backend&, const Arguments&...) {}
template <class T, class... Arguments>
void group_norm_forward_on(dry_run_backend&, const Arguments&...) {}
template <class T, class... Arguments>
void group_norm_backward_on(dry_run_backend&, const Arguments&...) {}
template <class T, class... Arguments>
void normalize_forward_on(dry_run_backend&, const Arguments&...) {}
template <class T, class... Arguments>
void normalize_backward_on(dry_run_backend&, const Arguments&...) {}
template <class T, class... Arguments>
void l2norm_map_forward_on(dry_run_backend&, const Arguments&...) {}
template <class T, class... Arguments>
void l2norm_map_backward_on(dry_run_backend&, const Arguments&...) {}
template <class T, class... Arguments>
void repeat_heads_forward_on(dry_run_backend&, const Arguments&...) {}
template <class T, class... Arguments>
void repeat_heads_backward_on(dry_run_backend&, const Arguments&...) {}
template <class T, class... Arguments>
void token_shift_forward_on(dry_run_backend&, const Arguments&...) {}
template <class T, class... Arguments>
void token_shift_backward_on(dry_run_backend&, const Arguments&...) {}
inline void require_ids_on(dry_run_backend&, const view<const std::int32_t, 1, device_space>&,
                           std::int64_t) {}
template <class T, class... Arguments>
void embedding_forward_on(dry_run_backend&, const Arguments&...) {}
template <class T, class... Arguments>
void sum_rows_on(dry_run_backend&, const Arguments&...) {}
template <class T, class... Arguments>
void sum_squares_into_on(dry_run_backend&, const Arguments&...) {}
template <class T, class... Arguments>
void alignment_on(dry_run_backend&, const Arguments&...) {}
template <class T, class... Arguments>
void attention_forward_on(dry_run_backend&, const Arguments&...) {}
template <class From, class To>
void convert_on(dry_run_backend&, view<const From, 1, device_space>, view<To, 1, device_space>) {}

template <class... Arguments>
void mark_ids_on(dry_run_backend&, const Arguments&...) {}

template <class T, class Rule, class... Arguments>
void sample_on(dry_run_backend& b, const Rule&, view<const T, 2, device_space> logits,
               const Arguments&...) {
  scratch_scope<dry_run_backend> scope(b);
  scope.take<std::uint32_t, 2>(logits.sizes());
}

template <class T, class... Arguments>
void embedding_backward_on(dry_run_backend& b, view<const std::int32_t, 1, device_space> ids,
                           const Arguments&...) {
  scratch_scope<dry_run_backend> scope(b);
  scope.take<std::int32_t, 2>({3, ids.extent(0)});
}

template <class T, class... Arguments>
void rope_on(dry_run_backend& b, const ops::rope_frequencies&, std::int64_t,
             const view<const std::int32_t, 1, device_space>&, int,
             view<const T, 4, device_space> x, const Arguments&...) {
  scratch_scope<dry_run_backend> scope(b);
  scope.take<accumulate_t<T>, 2>({x.extent(1), x.extent(3)});
}

template <class T, class... Arguments>
void attention_backward_on(dry_run_backend& b, real_t<T>, view<const T, 4, device_space> q,
                           const Arguments&...) {
  scratch_scope<dry_run_backend> scope(b);
  scope.take<accumulate_t<T>, 3>({q.extent(0), q.extent(2), q.extent(1)});
}

template <class T, class... Arguments>
void head_cross_entropy_on(dry_run_backend& b, real_t<T>, view<const T, 2, device_space> head,
                           view<const T, 2, device_space> x, const Arguments&...) {
  scratch_scope<dry_run_backend> scope(b);
  const std::int64_t V = head.extent(0), slice = ops::tokens_of_slice(V, x.extent(0));
  scope.take<accumulate_t<T>, 2>({slice, V});
  scope.take<T, 2>({slice, V});
}

template <class T, class... Arguments>
void head_kl_divergence_on(dry_run_backend& b, real_t<T>, real_t<T>, real_t<T>,
                           view<const T, 2, device_space> head, view<const T, 2, device_space> x,
                           const Arguments&...) {
  scratch_scope<dry_run_backend> scope(b);
  const std::int64_t V = head.extent(0), slice = ops::tokens_of_slice(2 * V, x.extent(0));
  scope.take<accumulate_t<T>, 2>({slice, V});
  scope.take<accumulate_t<T>, 2>({slice, V});
  scope.take<T, 2>({slice, V});
}

}  // namespace radlads::dry_run_detail
