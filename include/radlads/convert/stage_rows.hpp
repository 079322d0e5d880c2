// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which rows of a text each step of a stage reads.

#include "radlads/convert/stage.hpp"
#include "radlads/data/loss_mark.hpp"
#include "radlads/data/sampler.hpp"
#include "radlads/data/token_stream.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <variant>
#include <vector>

namespace radlads::convert {

/// The rows of a stage, in the order of its sampler behind those that earlier stages have read. A
/// row has the ids of the context, one more with targets, and then marks where the loss is on a
/// part of the tokens.
class stage_rows {
 public:
  /// Throws on a text without a row. The stream outlives this.
  stage_rows(const data::token_stream& stream, const stage_settings& settings, bool has_targets,
             std::int64_t samples_before)
      : stream_(stream),
        context_(settings.context),
        batch_(settings.batch),
        samples_before_(samples_before),
        width_(context_ + (has_targets ? 1 : 0)),
        marks_(is_marked(settings) ? context_ : 0),
        sampler_(make_sampler(settings, stream,
                              context_ + (has_targets || is_marked(settings) ? 1 : 0))) {}

  /// Numbers of a row.
  std::int64_t row_size() const { return width_ + marks_; }

  /// The order "cubic" leaves some rows out: how many it reads, of how many. Both are 0 where all
  /// are read.
  struct share {
    std::int64_t read = 0, all = 0;
  };
  share read_share() const {
    const auto* cubic = std::get_if<data::cubic_sampler>(&sampler_);
    if (cubic == nullptr || cubic->prime() >= cubic->slots()) return {};
    return {cubic->prime(), cubic->slots()};
  }

  /// The rows of a step, (batch, row_size()).
  std::vector<std::int32_t> of_step(std::int64_t step) const {
    std::vector<std::int32_t> rows(static_cast<std::size_t>(batch_ * row_size()));
    std::vector<std::int32_t> kept(static_cast<std::size_t>(marks_ > 0 ? context_ + 1 : width_));
    const std::int64_t first = samples_before_ + step * batch_;
    for (std::int64_t row = 0; row < batch_; ++row) {
      const std::int64_t slot =
          std::visit([&](const auto& sampler) { return sampler.slot_at(first + row); }, sampler_);
      data::copy_row(stream_, slot, context_, kept.data(), static_cast<std::int64_t>(kept.size()));
      std::int32_t* own = rows.data() + row * row_size();
      std::transform(kept.begin(), kept.begin() + width_, own, data::id_of);
      // A position counts when what it predicts, the token behind it, does.
      for (std::int64_t i = 0; i < marks_; ++i) {
        own[width_ + i] = data::is_counted(kept[static_cast<std::size_t>(i + 1)]) ? 1 : 0;
      }
    }
    return rows;
  }

 private:
  using any_sampler = std::variant<data::cubic_sampler, data::epoch_sampler>;

  static any_sampler make_sampler(const stage_settings& s, const data::token_stream& stream,
                                  std::int64_t row_length) {
    const std::int64_t slots = data::count_slots(stream.size(), s.context, row_length);
    if (s.sampler == "epochs")
      return data::epoch_sampler(slots, static_cast<std::uint64_t>(s.seed));
    const std::int64_t prime = s.magic_prime > 0 ? s.magic_prime : data::magic_prime(slots);
    return data::cubic_sampler(slots, prime, s.sample_offset);
  }

  const data::token_stream& stream_;
  std::int64_t context_, batch_, samples_before_;
  std::int64_t width_, marks_;
  any_sampler sampler_;
};

}  // namespace radlads::convert
