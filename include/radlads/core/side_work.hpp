// SPDX-License-Identifier: Apache-2.0
#pragma once
// Work beside a backend's own: what needs only a part of the results so far begins when that part
// is there, while the backend continues. Other backends do everything in the order of the calls.

#include <cstddef>

namespace radlads {

/// A place for work beside that of backend B, and marks that order the two. cuda_backend's is in
/// core/cuda/side_work.cuh.
template <class B>
class side_work {
 public:
  explicit side_work(B& b) : backend_(b) {}

  /// The backend to give such work to.
  B& backend() { return backend_; }

  /// Makes `count` marks.
  void resize(std::size_t) {}
  /// Sets mark `index` behind all that has been put on the backend. In a captured graph it is set
  /// whenever the graph runs.
  void mark(std::size_t) {}
  /// What goes to backend() next begins when the work before the last setting of mark `index` is
  /// done.
  void after(std::size_t) {}
  /// What is put on the backend next begins when all that went to backend() is done.
  void join() {}

 private:
  B& backend_;
};

}  // namespace radlads
