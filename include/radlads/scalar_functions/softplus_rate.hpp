// SPDX-License-Identifier: Apache-2.0
#pragma once
// Decay of Gated DeltaNet and Mamba-2: w = exp(-e^A softplus(z + b)) with A and b learned per head.

#include "radlads/core/config.hpp"
#include "radlads/scalar_functions/activation.hpp"
#include "radlads/scalar_functions/softplus.hpp"

#include <cmath>
#include <complex>

namespace radlads::scalar_functions {

/// Natural logarithm of the decay: log w = -e^A softplus(z + b). Not a scalar function, since A and
/// b vary; the two nested types are functors for ops::elementwise.
struct softplus_rate {
  template <class Z>
  RADLADS_HOST_DEVICE RADLADS_INLINE static Z value(const Z& z, const Z& A, const Z& b) {
    using std::exp;
    // A is a parameter, the logarithm of a rate near one to sixteen: e^A needs no bound.
    return constant<Z>(0) - exp(A) * softplus::value(z + b);
  }

  /// Inputs z, A, b; output log w.
  struct forward {
    template <class Z>
    RADLADS_HOST_DEVICE RADLADS_INLINE void operator()(const Z& z, const Z& A, const Z& b,
                                                       Z& log_w) const {
      log_w = value(z, A, b);
    }
  };

  /// Inputs z, A, b, log w and its gradient; outputs dz, which is db before the sum over tokens,
  /// and dA before the sum over tokens.
  struct backward {
    template <class Z>
    RADLADS_HOST_DEVICE RADLADS_INLINE void operator()(const Z& z, const Z& A, const Z& b,
                                                       const Z& log_w, const Z& dlog_w, Z& dz,
                                                       Z& dA) const {
      using std::exp;
      dz = constant<Z>(0) - dlog_w * exp(A) * sigmoid::value(z + b);
      dA = dlog_w * log_w;
    }
  };
};

}  // namespace radlads::scalar_functions
