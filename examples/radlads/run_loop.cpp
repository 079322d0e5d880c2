// SPDX-License-Identifier: Apache-2.0
#include "messages.hpp"
#include "radlads/core/parameters.hpp"
#include "radlads/data/loss_mark.hpp"
#include "radlads/io/checkpoint.hpp"
#include "ranks.hpp"
#include "recipe.hpp"
#include "record.hpp"
#include "run_loop.hpp"
#include "stages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <future>
#include <string>
#include <variant>

namespace radlads::program {

namespace {

double exact_steps(const stage_settings& s) {
  return static_cast<double>(s.tokens) / static_cast<double>(s.context * s.batch);
}

optim::schedule_options schedule_of(const stage_settings& s, double initial, double final) {
  optim::schedule_options schedule;
  schedule.shape = optim::decay_shape_of(s.lr_decay_type);
  schedule.initial = initial;
  schedule.final = final;
  schedule.steps = exact_steps(s);
  schedule.warmup_steps = s.warmup_steps;
  schedule.wait = s.lr_wait;
  schedule.endpoint = s.lr_endpoint;
  return schedule;
}

std::variant<data::cubic_sampler, data::epoch_sampler> make_sampler(
    const stage_settings& s, const data::token_stream& stream, std::int64_t row_length) {
  const std::int64_t slots = data::count_slots(stream.size(), s.context, row_length);
  if (s.sampler == "epochs") return data::epoch_sampler(slots, static_cast<std::uint64_t>(s.seed));
  const std::int64_t prime = s.magic_prime > 0 ? s.magic_prime : data::magic_prime(slots);
  return data::cubic_sampler(slots, prime, s.sample_offset);
}

}  // namespace

bool is_marked(const stage_settings& stage) { return stage.loss_on == "assistant"; }

std::int64_t step_count(const stage_settings& stage) {
  return static_cast<std::int64_t>(std::ceil(exact_steps(stage)));
}

distill::trainer_options trainer_options_of(const stage_settings& s) {
  distill::trainer_options options;
  options.schedule = schedule_of(s, s.lr_init, s.lr_final);
  if (s.lr2_init)
    options.mixer_schedule = schedule_of(s, *s.lr2_init, s.lr2_final.value_or(s.lr_final));
  options.adamw = {s.beta1, s.beta2, s.adam_eps, s.weight_decay};
  options.clip_norm = s.gradient_clip_val;
  if (s.trainable == "mixers") options.what = distill::trainable::mixers;
  if (s.trainable == "decay_and_shift") options.what = distill::trainable::decay_and_shift;
  return options;
}

run_loop::run_loop(backend_type& b, training& trained, const data::token_stream& stream,
                   const stage_task& task)
    : backend_(b),
      trained_(trained),
      stream_(stream),
      task_(task),
      total_(step_count(task.settings)),
      sampler_(make_sampler(
          task.settings, stream,
          task.settings.context + (trained.needs_targets() || is_marked(task.settings) ? 1 : 0))) {
  const std::int64_t width = task.settings.context + (trained.needs_targets() ? 1 : 0);
  const std::int64_t marks = is_marked(task.settings) ? task.settings.context : 0;
  ids_.resize(b, {task.settings.batch, width + marks});
  resume();
}

void run_loop::run() {
  const interruption_guard guard;
  progress line(task_.stage, trained_.steps(), total_, tokens_per_step(), task_.settings.log_every);
  while (trained_.steps() < total_) {
    const distill::step_report report = take_step();
    write_metrics(report, line.show(trained_.steps(), report.loss.loss, report.rate));
    const bool is_last = trained_.steps() == total_;
    const bool is_stopping = is_told_to_stop() && !is_last;
    if (is_last || is_stopping || trained_.steps() % task_.settings.save_every == 0) save();
    if (is_stopping) stop();
  }
  if (device_name == "cuda") {
    const auto peak = static_cast<double>(backend_.peak_bytes()) / 1073741824.0;
    message("{}: at most {:.3f} GiB of the GPU's memory were in use\n", task_.stage, peak);
  }
}

distill::step_report run_loop::take_step() {
  const std::vector<std::int32_t> rows =
      next_rows_.valid() ? next_rows_.get() : rows_of(trained_.steps());
  backend_.copy(ids_.data(), rows.data(), rows.size() * sizeof(std::int32_t));
  // The text of the next step is read while this one computes.
  if (trained_.steps() + 1 < total_) {
    next_rows_ = start_async(task_.stage.c_str(),
                             [this, step = trained_.steps() + 1] { return rows_of(step); });
  }
  try {
    return trained_.step(backend_, ids_);
  } catch (const out_of_memory& problem) {
    throw out_of_memory(fmt::format("{}: {}; {}", task_.stage, problem.what(), last_checkpoint()));
  } catch (const error& problem) {
    fail(task_.stage, ": ", problem.what(), "; ", last_checkpoint());
  }
}

bool run_loop::is_told_to_stop() const {
  const std::int64_t signal = ranks().most(stopping_signal());
  if (signal != 0) stop_as_others(static_cast<int>(signal));
  return signal != 0;
}

template <class F>
auto run_loop::or_way_back(const std::filesystem::path& place, F&& read) const {
  try {
    return read();
  } catch (const out_of_memory&) {
    throw;
  } catch (const error& problem) {
    const auto whole = io::newest_whole_checkpoint(task_.directory, place);
    if (!whole) fail(problem.what(), "; no other checkpoint is whole; --restart starts over");
    fail(problem.what(), "; the newest whole checkpoint is ", whole->string(), ", after step ",
         io::step_of(*whole), "; without ", place.string(), " the same command continues from it");
  }
}

std::string run_loop::place_to_resume() {
  hold_output(task_.directory, task_.lock);
  io::remove_left_checkpoints(task_.directory);
  if (task_.is_restarted) io::remove_checkpoints(task_.directory);
  const auto place = io::latest_checkpoint(task_.directory);
  return place ? place->string() : "";
}

void run_loop::resume() {
  const std::string place = ranks().from_first([&] { return place_to_resume(); });
  if (!place.empty()) return resume_from(place);
  announce();
  if (!ranks().is_first()) return;
  write_record(task_.directory, task_.record);
  metrics_.emplace(io::metrics_log::create(task_.directory / "metrics.jsonl"));
}

void run_loop::resume_from(const std::filesystem::path& place) {
  check_settings(place);
  if (ranks().is_first()) write_record(task_.directory, task_.record);
  trained_.prepare_moments(backend_);
  const auto load = [&] {
    const auto state =
        io::load_checkpoint(backend_, place, io::named_set{"weights", trained_.weights()},
                            io::named_set{"first_moments", trained_.first_moments()},
                            io::named_set{"second_moments", trained_.second_moments()});
    check_position(state, place);
    return state.integer("step");
  };
  trained_.steps() = saved_step_ = or_way_back(place, load);
  trained_.restored(backend_);
  if (ranks().is_first()) resume_metrics();
  if (is_done()) return;
  message("{}: continuing after step {} of {}\n", task_.stage, saved_step_, total_);
}

void run_loop::resume_metrics() {
  metrics_.emplace(io::metrics_log::resume(task_.directory / "metrics.jsonl", saved_step_ - 1));
  if (!metrics_->problem().empty()) {
    message("{}: {}\n", task_.stage, metrics_->problem());
  }
}

void run_loop::check_settings(const std::filesystem::path& place) const {
  const std::string before =
      or_way_back(place, [&] { return io::read_checkpoint_state(place).text("settings"); });
  const std::string difference = find_difference(before, task_.record);
  require(difference.empty(), place.string(), " cannot be continued: ", difference,
          "; --restart starts over");
  for (const std::string& each : rounding_differences(before, task_.record)) {
    message("{}: {}; only rounding may differ\n", task_.stage, each);
  }
  if (!is_old_record(before)) return;
  message(
      "{}: {} is of version 0.1.0, which kept no hashes: its bytes, the text and the models "
      "cannot be compared\n",
      task_.stage, place.string());
}

void run_loop::check_position(const io::checkpoint_state& state,
                              const std::filesystem::path& place) const {
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

void run_loop::announce() const {
  const stage_settings& s = task_.settings;
  message("{}: {} steps of {} x {} tokens, rate {} to {}; {} parameters, {} tokens of text\n",
          task_.stage, total_, s.batch, s.context, s.lr_init, s.lr_final,
          parameter_count(trained_.weights()), stream_.size());
  const double passes = static_cast<double>(s.tokens) / static_cast<double>(stream_.size());
  if (passes > many_passes) {
    message("{}: {} tokens are {:.1f} passes over this text; more than {:.0f} want a longer text\n",
            task_.stage, s.tokens, passes, many_passes);
  }
  const auto* cubic = std::get_if<data::cubic_sampler>(&sampler_);
  if (cubic != nullptr && cubic->prime() < cubic->slots()) {
    message("{}: the order cubic reads {} of the text's {} rows; --{}.sampler epochs reads all\n",
            task_.stage, cubic->prime(), cubic->slots(), task_.stage);
  }
}

std::vector<std::int32_t> run_loop::rows_of(std::int64_t step) const {
  std::vector<std::int32_t> rows(static_cast<std::size_t>(ids_.size()));
  const std::int64_t context = task_.settings.context;
  const std::int64_t marks = is_marked(task_.settings) ? context : 0;
  const std::int64_t width = ids_.extent(1) - marks;
  std::vector<std::int32_t> kept(static_cast<std::size_t>(marks > 0 ? context + 1 : width));
  const std::int64_t first = task_.samples_before + step * task_.settings.batch;
  for (std::int64_t row = 0; row < ids_.extent(0); ++row) {
    const std::int64_t slot =
        std::visit([&](const auto& sampler) { return sampler.slot_at(first + row); }, sampler_);
    data::copy_row(stream_, slot, context, kept.data(), static_cast<std::int64_t>(kept.size()));
    std::int32_t* own = rows.data() + row * ids_.extent(1);
    std::transform(kept.begin(), kept.begin() + width, own, data::id_of);
    // A position counts when what it predicts, the token behind it, does.
    for (std::int64_t i = 0; i < marks; ++i) {
      own[width + i] = data::is_counted(kept[static_cast<std::size_t>(i + 1)]) ? 1 : 0;
    }
  }
  return rows;
}

void run_loop::write_metrics(const distill::step_report& report, double tokens_per_second) {
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

void run_loop::save() {
  trained_.collect_moments(backend_);
  if (ranks().is_first()) write_checkpoint();
  trained_.release_moments();
  saved_step_ = trained_.steps();
}

void run_loop::write_checkpoint() {
  io::checkpoint_state state;
  state.integers["step"] = trained_.steps();
  state.integers["sampler_position"] =
      task_.samples_before + trained_.steps() * task_.settings.batch;
  state.integers["seed"] = task_.settings.seed;
  state.texts["settings"] = task_.record;
  io::save_checkpoint(backend_, task_.directory, state, task_.kept_checkpoints,
                      io::named_set{"weights", trained_.weights()},
                      io::named_set{"first_moments", trained_.first_moments()},
                      io::named_set{"second_moments", trained_.second_moments()});
}

void run_loop::stop() const {
  throw interrupted(fmt::format(
      "{}: stopped and saved after step {} of {}; the same command continues "
      "from {}",
      task_.stage, saved_step_, total_, (task_.directory / io::checkpoint_name).string()));
}

std::string run_loop::last_checkpoint() const {
  if (saved_step_ == 0) return "no checkpoint had been saved";
  return fmt::format("the checkpoint after step {} is kept in {}", saved_step_,
                     (task_.directory / io::checkpoint_name).string());
}

}  // namespace radlads::program
