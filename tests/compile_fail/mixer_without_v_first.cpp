// SPDX-License-Identifier: Apache-2.0
// A mixer that does not say whether it uses the first layer's value.
// expect: a mixer needs: static constexpr bool uses_v_first

#include "radlads/layers/attention_mixer.hpp"
#include "radlads/layers/concepts.hpp"

namespace {

struct attention_again : radlads::layers::attention_mixer {
#if defined(RADLADS_MISTAKE)
 private:
  using radlads::layers::attention_mixer::uses_v_first;
#endif
};

static_assert(radlads::layers::check_mixer<attention_again>());

}  // namespace
