// SPDX-License-Identifier: Apache-2.0
#pragma once
// The loop of every training stage: rows from the sampler, a step, a line of metrics, a checkpoint
// now and then. A stage that was interrupted continues from its newest checkpoint.

#include "radlads/convert/output.hpp"
#include "radlads/convert/record.hpp"
#include "radlads/convert/run_context.hpp"
#include "radlads/convert/settings_text.hpp"
#include "radlads/convert/stage.hpp"
#include "radlads/convert/stage_rows.hpp"
#include "radlads/core/error.hpp"
#include "radlads/core/parameters.hpp"
#include "radlads/core/tensor.hpp"
#include "radlads/core/threads.hpp"
#include "radlads/data/token_stream.hpp"
#include "radlads/distill/trainer.hpp"
#include "radlads/io/checkpoint.hpp"
#include "radlads/io/metrics.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <future>
#include <optional>
#include <string>
#include <vector>

namespace radlads::convert {

/// More passes over a text than this are warned of.
inline constexpr double many_passes = 10;

template <class Model, class Ranks>
class run_loop {
 public:
  using B = typename Model::backend_type;

  /// Makes the directory, or loads its newest checkpoint into `trained`. Throws before anything is
  /// written on too short a text.
  run_loop(const run_context<Model, Ranks>& run, training<Model>& trained,
           const data::token_stream& stream, const stage_task& task)
      : run_(run),
        trained_(trained),
        stream_(stream),
        task_(task),
        total_(step_count(task.settings)),
        rows_(stream, task.settings, trained.needs_targets(), task.samples_before) {
    ids_.resize(run.backend, {task.settings.batch, rows_.row_size()});
    resume();
  }

  /// Takes all steps that are left and saves the last. Throws `interrupted` when the watch of the
  /// stage was asked to stop, having saved.
  void take_steps() {
    watch_ = {};
    if (run_.events.watch) {
      watch_ = run_.events.watch({task_.stage, trained_.steps(), total_, task_.settings.log_every});
    }
    const std::int64_t first = trained_.steps();
    const auto start = clock::now();
    while (trained_.steps() < total_) {
      const distill::step_report report = take_step();
      const std::chrono::duration<double> passed = clock::now() - start;
      tell_of_step(report, first, passed.count());
      const bool is_last = trained_.steps() == total_;
      const bool is_stopping = is_told_to_stop() && !is_last;
      if (is_last || is_stopping || trained_.steps() % task_.settings.save_every == 0) save();
      if (is_stopping) stop();
    }
    watch_ = {};
    tell_of_memory();
  }

  bool is_done() const { return trained_.steps() == total_; }

 private:
  using clock = std::chrono::steady_clock;

  std::int64_t tokens_per_step() const { return task_.settings.batch * task_.settings.context; }

  distill::step_report take_step() {
    const std::vector<std::int32_t> rows =
        next_rows_.valid() ? next_rows_.get() : rows_.of_step(trained_.steps());
    run_.backend.copy(ids_.data(), rows.data(), rows.size() * sizeof(std::int32_t));
    // The text of the next step is read while this one computes.
    if (trained_.steps() + 1 < total_) {
      next_rows_ = start_async(task_.stage.c_str(),
                               [this, step = trained_.steps() + 1] { return rows_.of_step(step); });
    }
    try {
      return trained_.step(run_.backend, ids_);
    } catch (const out_of_memory& problem) {
      throw out_of_memory(concatenate(task_.stage, ": ", problem.what(), "; ", last_checkpoint()));
    } catch (const error& problem) {
      fail(task_.stage, ": ", problem.what(), "; ", last_checkpoint());
    }
  }

  /// One step of those behind the first `first`, after so many seconds.
  void tell_of_step(const distill::step_report& report, std::int64_t first, double seconds) {
    const std::int64_t done = trained_.steps();
    const auto steps = static_cast<double>(done - first);
    const double speed = steps * static_cast<double>(tokens_per_step()) / std::max(seconds, 1e-9);
    const double left = seconds / steps * static_cast<double>(total_ - done);
    if (watch_.on_step) watch_.on_step({done, report.loss.loss, report.rate, speed, left});
    write_metrics(report, speed);
  }

  void tell_of_memory() const {
    if constexpr (!is_on_host<B>) {
      const auto peak = static_cast<double>(run_.backend.peak_bytes()) / 1073741824.0;
      run_.events.tell(task_.stage, ": at most ", value_text(peak, 3),
                       " GiB of the GPU's memory were in use");
    }
  }

  /// Whether any rank was told to stop, since when all are.
  bool is_told_to_stop() const {
    const int own = watch_.stop_signal ? watch_.stop_signal() : 0;
    const auto signal = static_cast<int>(run_.ranks.most(own));
    if (signal != 0 && watch_.on_stop_elsewhere) watch_.on_stop_elsewhere(signal);
    return signal != 0;
  }

  /// What `read` returns; where it throws, the sentence says which checkpoint is whole.
  template <class F>
  auto or_way_back(const std::filesystem::path& place, F&& read) const {
    try {
      return read();
    } catch (const out_of_memory&) {
      throw;
    } catch (const error& problem) {
      const auto whole = io::newest_whole_checkpoint(task_.directory, place);
      if (!whole) fail(problem.what(), "; no other checkpoint is whole; --restart starts over");
      fail(problem.what(), "; the newest whole checkpoint is ", whole->string(), ", after step ",
           io::step_of(*whole), "; without ", place.string(),
           " the same command continues from it");
    }
  }

  /// The newest checkpoint's place, empty when the run begins; leaves the directory clean.
  std::string place_to_resume() {
    hold_output(run_, task_.directory, task_.lock);
    io::remove_left_checkpoints(task_.directory);
    if (task_.is_restarted) io::remove_checkpoints(task_.directory);
    const auto place = io::latest_checkpoint(task_.directory);
    return place ? place->string() : "";
  }

  void resume() {
    const std::string place = run_.ranks.from_first([&] { return place_to_resume(); });
    if (!place.empty()) return resume_from(place);
    announce();
    if (!run_.ranks.is_first()) return;
    write_record(task_.directory, task_.record);
    metrics_.emplace(io::metrics_log::create(task_.directory / "metrics.jsonl"));
  }

  void resume_from(const std::filesystem::path& place) {
    check_settings(place);
    if (run_.ranks.is_first()) write_record(task_.directory, task_.record);
    trained_.prepare_moments(run_.backend);
    const auto load = [&] {
      const auto state =
          io::load_checkpoint(run_.backend, place, io::named_set{"weights", trained_.weights()},
                              io::named_set{"first_moments", trained_.first_moments()},
                              io::named_set{"second_moments", trained_.second_moments()});
      check_position(state, place);
      return state.integer("step");
    };
    trained_.steps() = saved_step_ = or_way_back(place, load);
    trained_.restored(run_.backend);
    if (run_.ranks.is_first()) resume_metrics();
    if (is_done()) return;
    run_.events.tell(task_.stage, ": continuing after step ", saved_step_, " of ", total_);
  }

  void resume_metrics() {
    metrics_.emplace(io::metrics_log::resume(task_.directory / "metrics.jsonl", saved_step_ - 1));
    if (!metrics_->problem().empty()) {
      run_.events.tell(task_.stage, ": ", metrics_->problem());
    }
  }

  /// Throws when the checkpoint is of another run; tells of settings that change rounding.
  void check_settings(const std::filesystem::path& place) const {
    const std::string before =
        or_way_back(place, [&] { return io::read_checkpoint_state(place).text("settings"); });
    const std::string difference = find_difference(before, task_.record);
    require(difference.empty(), place.string(), " cannot be continued: ", difference,
            "; --restart starts over");
    for (const std::string& each : rounding_differences(before, task_.record)) {
      run_.events.tell(task_.stage, ": ", each, "; only rounding may differ");
    }
    if (!is_old_record(before)) return;
    run_.events.tell(
        task_.stage, ": ", place.string(),
        " is of version 0.1.0, which kept no hashes: its bytes, the text and the models "
        "cannot be compared");
  }

  /// Throws when step, rows or seed are not those of this run.
  void check_position(const io::checkpoint_state& state, const std::filesystem::path& place) const {
    const std::int64_t step = state.integer("step");
    require(step >= 1 && step <= total_, place.string(), ": the step is ", step,
            ", expected one from 1 to ", total_);
    const auto expect = [&](const char* name, std::int64_t expected) {
      require(state.integer(name) == expected, place.string(), ": ", name, " is ",
              state.integer(name), ", expected ", expected, " after step ", step);
    };
    expect("sampler_position", task_.samples_before + step * task_.settings.batch);
    expect("seed", task_.settings.seed);
  }

  void announce() const {
    const stage_settings& s = task_.settings;
    run_.events.tell(task_.stage, ": ", total_, " steps of ", s.batch, " x ", s.context,
                     " tokens, rate ", value_text(s.lr_init), " to ", value_text(s.lr_final), "; ",
                     trained_.parameters(), " parameters, ", stream_.size(),
                     " tokens of text");
    const double passes = static_cast<double>(s.tokens) / static_cast<double>(stream_.size());
    if (passes > many_passes) {
      run_.events.tell(task_.stage, ": ", s.tokens, " tokens are ", value_text(passes, 1),
                       " passes over this text; more than ", value_text(many_passes, 0),
                       " want a longer text");
    }
    const stage_rows::share share = rows_.read_share();
    if (share.read < share.all) {
      run_.events.tell(task_.stage, ": the order cubic reads ", share.read, " of the text's ",
                       share.all, " rows; --", task_.stage, ".sampler epochs reads all");
    }
  }

  void write_metrics(const distill::step_report& report, double tokens_per_second) {
    if (!metrics_) return;
    metrics_->write(report.step, {{"loss", report.loss.loss},
                                  {"gradient_norm", report.gradient_norm},
                                  {"rate", report.rate},
                                  {"tokens", (report.step + 1) * tokens_per_step()},
                                  {"tokens_per_second", tokens_per_second}});
    for (std::size_t layer = 0; layer < report.loss.layers.size(); ++layer) {
      metrics_->write(report.step, {{"layer", static_cast<std::int64_t>(layer)},
                                    {"layer_loss", report.loss.layers[layer]}});
    }
  }

  void save() {
    trained_.collect_moments(run_.backend);
    if (run_.ranks.is_first()) write_checkpoint();
    trained_.release_moments();
    saved_step_ = trained_.steps();
  }

  void write_checkpoint() {
    io::checkpoint_state state;
    state.integers["step"] = trained_.steps();
    state.integers["sampler_position"] =
        task_.samples_before + trained_.steps() * task_.settings.batch;
    state.integers["seed"] = task_.settings.seed;
    state.texts["settings"] = task_.record;
    io::save_checkpoint(run_.backend, task_.directory, state, task_.kept_checkpoints,
                        io::named_set{"weights", trained_.weights()},
                        io::named_set{"first_moments", trained_.first_moments()},
                        io::named_set{"second_moments", trained_.second_moments()});
  }

  [[noreturn]] void stop() const {
    throw interrupted(concatenate(task_.stage, ": stopped and saved after step ", saved_step_,
                                  " of ", total_, "; the same command continues from ",
                                  (task_.directory / io::checkpoint_name).string()));
  }

  std::string last_checkpoint() const {
    if (saved_step_ == 0) return "no checkpoint had been saved";
    return concatenate("the checkpoint after step ", saved_step_, " is kept in ",
                       (task_.directory / io::checkpoint_name).string());
  }

  const run_context<Model, Ranks>& run_;
  training<Model>& trained_;
  const data::token_stream& stream_;
  stage_task task_;
  std::int64_t total_;
  stage_rows rows_;
  stage_watch watch_;
  std::optional<io::metrics_log> metrics_;
  tensor<std::int32_t, 2, B> ids_;  // (batch, numbers of a row)
  std::int64_t saved_step_ = 0;
  std::future<std::vector<std::int32_t>> next_rows_;  // goes first: it reads the others
};

}  // namespace radlads::convert
