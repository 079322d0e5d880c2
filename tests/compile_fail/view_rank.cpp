// SPDX-License-Identifier: Apache-2.0
// A view of two axes where three are asked for.
// expect: view<float, 2.*view<float, 3

#include "radlads/core/view.hpp"

void takes_sequence(radlads::view<float, 3> x);

void call(radlads::view<float, 2> matrix, radlads::view<float, 3> sequence) {
#if defined(RADLADS_MISTAKE)
  takes_sequence(matrix);
#else
  takes_sequence(sequence);
  matrix(0, 0) = 0;
#endif
}
