// SPDX-License-Identifier: Apache-2.0
#pragma once
// The instances of a mixer that radlads::compiled holds (core/config.hpp): forward and backward on
// the CPU.

#include "radlads/core/config.hpp"
#include "radlads/core/cpu/backend.hpp"
#include "radlads/layers/mixer_input.hpp"

#if defined(RADLADS_LAYER_INSTANCE)
#define RADLADS_MIXER_INSTANCE(Mixer, T)                                                         \
  RADLADS_LAYER_INSTANCE void Mixer::forward<T>(                                                 \
      cpu_backend&, const Mixer::config&, const Mixer::params<T, cpu_backend>&,                  \
      const mixer_input<T, cpu_backend>&, view<T, 3>, Mixer::state<T, cpu_backend>*,             \
      Mixer::saved<T, cpu_backend>&);                                                            \
  RADLADS_LAYER_INSTANCE void Mixer::backward<T>(                                                \
      cpu_backend&, const Mixer::config&, const Mixer::params<T, cpu_backend>&,                  \
      const Mixer::saved<T, cpu_backend>&, const mixer_input<T, cpu_backend>&, view<const T, 3>, \
      const mixer_input_gradient<T, cpu_backend>&, Mixer::params<T, cpu_backend>&)
#define RADLADS_MIXER_INSTANCES(Mixer)  \
  RADLADS_MIXER_INSTANCE(Mixer, float); \
  RADLADS_MIXER_INSTANCE(Mixer, double)
#else
#define RADLADS_MIXER_INSTANCES(Mixer) static_assert(true)
#endif
