// SPDX-License-Identifier: Apache-2.0
#pragma once
// On what a conversion runs: a backend, the ranks of the run, and who is told how it goes.

#include "radlads/convert/observer.hpp"
#include "radlads/core/view.hpp"
#include "radlads/parallel/communicator.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace radlads::convert {

/// The ranks of a run that is one process. What runs several passes a class with these functions,
/// whose rank 0 alone speaks and writes.
class alone : public parallel::single {
 public:
  bool is_first() const { return true; }
  /// How long a rank waits for the others in training, in seconds.
  void set_time_limit(double) {}
  /// What rank 0 computes, on all ranks: a text or what converts to an integer and back.
  template <class F>
  auto from_first(F&& compute) {
    return compute();
  }
  /// What `compute` returns, on rank 0 before it begins on others.
  template <class F>
  auto first_before_others(F&& compute) {
    return compute();
  }
  /// The largest of the ranks' numbers.
  std::int64_t most(std::int64_t number) { return number; }
  /// Throws unless the text is the same on all ranks; `what` says what it is.
  void require_same(const std::string&, const std::string&) {}
};

/// `Model` is the type of teacher and student: one models::language_model whose mixers are those of
/// both.
template <class Model, class Ranks = alone>
struct run_context {
  using model_type = Model;
  using backend_type = typename Model::backend_type;
  using ranks_type = Ranks;

  backend_type& backend;
  Ranks& ranks;
  observer events = {};
  int threads = 1;  ///< of the host, for reading text; they are recorded as well
};

/// Whether a backend's memory is the host's.
template <class B>
inline constexpr bool is_on_host = std::is_same_v<typename B::space, host_space>;

/// What records call the device of a backend.
template <class B>
inline constexpr std::string_view device_name = is_on_host<B> ? "cpu" : "cuda";

/// Whether a backend trains in bf16 as well.
template <class B>
inline constexpr bool trains_rounded = !is_on_host<B>;

/// Rows at a time where settings name none. On the CPU one row's activations stay in the
/// caches: 1.1 times the speed of four.
template <class B>
inline constexpr std::int64_t usual_micro_batch = is_on_host<B> ? 1 : 4;

}  // namespace radlads::convert
