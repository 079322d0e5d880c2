// SPDX-License-Identifier: Apache-2.0
#include "interruption.hpp"
#include "messages.hpp"
#include "progress.hpp"
#include "text_progress.hpp"
#include "watching.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace radlads::program {

namespace {

convert::stage_watch watch_stage(const convert::stage_start& start) {
  struct watched {
    explicit watched(const convert::stage_start& begun) : line(begun) {}
    const interruption_guard guard;
    progress line;
  };
  const auto shared = std::make_shared<watched>(start);
  return {[shared](const convert::stage_progress& now) { shared->line.show(now); },
          [] { return stopping_signal(); }, [](int signal) { stop_as_others(signal); }};
}

std::function<void(std::size_t)> watch_text(std::size_t bytes) {
  const auto shared = std::make_shared<text_progress>(bytes);
  return [shared](std::size_t done) { (*shared)(done); };
}

}  // namespace

convert::observer watching() {
  return {[](const std::string& text) { message("{}\n", text); }, watch_stage, watch_text};
}

}  // namespace radlads::program
