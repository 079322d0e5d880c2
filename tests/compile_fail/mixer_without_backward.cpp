// SPDX-License-Identifier: Apache-2.0
// A mixer that cannot go backward.
// expect: a mixer needs: static void backward

#include "radlads/layers/concepts.hpp"

#include <cstdint>
#include <string_view>

namespace {

using radlads::view_on;

struct identity_mixer {
  static constexpr std::string_view name = "identity";
  static constexpr bool uses_v_first = false;
  using config = radlads::layers::mixer_config;
  static config configure(config c, const radlads::layers::mixer_options&) { return c; }

  template <class T, class B>
  struct params {
    void allocate(B&, const config&) {}
    template <class F, class... P>
    static void for_each(F&&, P&...) {}
  };
  template <class T, class B>
  struct saved {
    bool is_training = false;
  };
  template <class T, class B>
  struct state {
    void reset(B&, const config&, std::int64_t) {}
    std::int64_t bytes() const { return 0; }
  };
  template <class T, class B>
  static void initialise(B&, const config&, params<T, B>&, const radlads::layers::tensor_source&) {}
  template <class T, class B>
  static void forward(B& b, const config&, const params<T, B>&,
                      const radlads::layers::mixer_input<T, B>& in, view_on<T, 3, B> y,
                      state<T, B>*, saved<T, B>&) {
    radlads::copy<T, 3, B>(b, in.x, y);
  }
#if !defined(RADLADS_MISTAKE)
  template <class T, class B>
  static void backward(B& b, const config&, const params<T, B>&, const saved<T, B>&,
                       const radlads::layers::mixer_input<T, B>&, view_on<const T, 3, B> dy,
                       const radlads::layers::mixer_input_gradient<T, B>& din, params<T, B>&) {
    radlads::copy<T, 3, B>(b, dy, din.dx);
  }
#endif
};

static_assert(radlads::layers::check_mixer<identity_mixer>());

}  // namespace
