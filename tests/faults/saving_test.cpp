// SPDX-License-Identifier: Apache-2.0
// Whatever call goes wrong while something is saved, the old or the new is there, whole, and saving
// again makes everything good.
#include "faults/faults.hpp"
#include "io/tensor_list.hpp"
#include "radlads/data/binidx.hpp"
#include "radlads/io/checkpoint.hpp"
#include "radlads/io/metrics.hpp"
#include "radlads/io/model_directory.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <string>
#include <vector>

namespace radlads {
namespace saving_faults {

using strings = std::vector<std::string>;
using test::ending;

class saving_faults : public test::fault_test {
 protected:
  saving_faults() {
    for (float first : {1.0f, 2.0f}) {
      test::tensor_list<float> set;
      set.add(backend_, "lm_head.weight", {4, 4}, first).add(backend_, "b", {2, 3}, first);
      weights_.push_back(std::move(set));
    }
    std::filesystem::create_directory(place());
    config_.vocabulary = config_.hidden = config_.intermediate = 4;
    config_.layers = config_.heads = config_.kv_heads = 1;
    config_.head_size = 4;
    config_.max_positions = 8;
    config_.mixers = {"rad_rwkv7"};
    config_.options.rank_decay = config_.options.rank_iclr = 2;
  }

  void save_checkpoint(int step) {
    io::checkpoint_state state;
    state.integers["step"] = step;
    auto& set = weights_[static_cast<std::size_t>(step - 1)];
    io::save_checkpoint(backend_, place(), state, 2, io::named_set{"weights", set},
                        io::named_set{"moments", set});
  }

  /// Saves the first model in shards with another tokenizer file, the second in one file.
  void save_model(int which) {
    const std::string source = which == 1 ? "tokenizer1" : "tokenizer2";
    std::filesystem::create_directory(path(source));
    put(source + (which == 1 ? "/vocab.json" : "/tokenizer.json"), "{}");
    put(source + "/tokenizer_config.json", which == 1 ? "{\"a\": 1}" : "{\"a\": 2}");
    models::config c = config_;
    c.max_positions = which;
    io::save_options options;
    options.weights.max_shard_bytes = which == 1 ? 64 : 1 << 20;
    options.texts["record.yaml"] = which == 1 ? "first" : "second";
    options.own_entries = {"mine"};
    io::save_model(backend_, c, weights_[static_cast<std::size_t>(which - 1)], path(source),
                   place(), options);
  }

  cpu_backend backend_{{.threads = 1}};
  std::vector<test::tensor_list<float>> weights_;
  models::config config_;
};

TEST_F(saving_faults, a_checkpoint_is_old_or_new) {
  const auto step = [&] {
    const auto latest = io::latest_checkpoint(place());
    if (!latest) return std::int64_t{-1};
    io::verify_checkpoint(*latest);
    test::tensor_list<float> set, moments;
    set.add(backend_, "lm_head.weight", {4, 4}, 0).add(backend_, "b", {2, 3}, 0);
    moments.add(backend_, "lm_head.weight", {4, 4}, 0).add(backend_, "b", {2, 3}, 0);
    const auto state = io::load_checkpoint(backend_, *latest, io::named_set{"weights", set},
                                           io::named_set{"moments", moments});
    EXPECT_EQ(set.values(1)[0], static_cast<float>(state.integer("step")));
    return state.integer("step");
  };
  const long calls = at_every_call(
      [&] {
        std::filesystem::create_directory(place() / "checkpoints_of_mine");
        save_checkpoint(1);
      },
      [&] { save_checkpoint(2); },
      [&](ending end) {
        const std::int64_t found = step();
        EXPECT_TRUE(found == 2 || (found == 1 && end != ending::done)) << found;
      },
      [&] {
        EXPECT_EQ(step(), 2);
        const strings names = files::directory_names(place());
        EXPECT_EQ(names.size(), 3u) << ::testing::PrintToString(names);
        EXPECT_EQ(names.back(), "checkpoints_of_mine");
      });
  // Three files written, brought to the device, renamed; two directories renamed.
  EXPECT_GE(calls, 20);
}

TEST_F(saving_faults, a_model_is_old_or_new) {
  save_model(1);
  const auto old = test::snapshot(place());
  save_model(2);
  const auto recent = test::snapshot(place());
  std::filesystem::remove_all(place());
  for (const bool has_old : {true, false}) {
    const long calls = at_every_call(
        [&] {
          put("place/mine", "mine");
          if (has_old) save_model(1);
        },
        [&] { save_model(2); },
        [&](ending end) {
          // What any other reader sees: no config.json, or one of the two models.
          auto seen = test::snapshot(place());
          if (seen.contains("config.json")) {
            std::erase_if(seen,
                          [](const auto& each) { return each.first.starts_with(".radlads"); });
            seen.erase("mine");
            EXPECT_TRUE(seen == recent || (seen == old && has_old));
          }
          io::repair_model_directory(place());
          auto found = test::snapshot(place());
          EXPECT_EQ(found["mine"], "mine");
          found.erase("mine");
          EXPECT_TRUE(found == recent ||
                      (end != ending::done && (has_old ? found == old : found.empty())));
        },
        [&] {
          auto found = test::snapshot(place());
          found.erase("mine");
          EXPECT_EQ(found, recent);
          EXPECT_EQ(files::directory_names(place()).size(), recent.size() + 1);
        });
    EXPECT_GE(calls, 25);
  }
}

TEST_F(saving_faults, a_directory_is_old_or_new) {
  const auto make = [&](const char* text) {
    files::atomic_directory run(place() / "run", files::existing_directory::replace);
    files::atomic_file file(run.path() / "a");
    file.write(text, 1);
    file.commit();
    run.commit();
  };
  const std::map<std::string, std::string> old{{"run/a", "1"}}, recent{{"run/a", "2"}};
  at_every_call([&] { make("1"); }, [&] { make("2"); },
                [&](ending end) {
                  // Between two renames the old one has another name, whole.
                  bool has_whole = false;
                  for (const std::string& name : files::directory_names(place())) {
                    if (name.starts_with("run.partial")) continue;
                    const auto found = test::snapshot(place() / name);
                    if (found.contains("a")) has_whole = true;
                    EXPECT_TRUE(name != "run" || end != ending::done || found.at("a") == "2");
                  }
                  EXPECT_TRUE(has_whole);
                },
                [&] { EXPECT_EQ(test::snapshot(place()), recent); });
}

TEST_F(saving_faults, a_file_is_old_or_new) {
  at_every_call([&] { put("place/a.json", "1\n"); },
                [&] { files::write_json(place() / "a.json", files::json(2)); },
                [&](ending end) {
                  const std::string found = get("place/a.json");
                  EXPECT_TRUE(found == "2\n" || (found == "1\n" && end != ending::done)) << found;
                },
                [&] {
                  EXPECT_EQ(get("place/a.json"), "2\n");
                  EXPECT_EQ(files::directory_names(place()), strings{"a.json"});
                });
}

TEST_F(saving_faults, tokens_and_their_index_belong_together) {
  const auto write = [&](std::int32_t first) {
    data::binidx_writer writer(place() / "ids", 1000);
    for (std::int32_t document = 0; document < first; ++document) {
      writer.append(std::vector<std::int32_t>(3, first));
    }
    writer.commit();
  };
  const auto first_id = [&] {
    const auto file = data::binidx_file::open(place() / "ids");
    std::vector<std::int32_t> ids(static_cast<std::size_t>(file.tokens()));
    file.copy(0, file.tokens(), ids.data());
    EXPECT_EQ(ids, std::vector<std::int32_t>(ids.size(), ids[0]));
    EXPECT_EQ(file.document_offsets().size(), static_cast<std::size_t>(ids[0]) + 1);
    return ids[0];
  };
  at_every_call([&] { write(1); }, [&] { write(2); },
                [&](ending end) {
                  data::binidx_writer::repair(place() / "ids");
                  const std::int32_t found = first_id();
                  EXPECT_TRUE(found == 2 || (found == 1 && end != ending::done)) << found;
                },
                [&] {
                  EXPECT_EQ(first_id(), 2);
                  EXPECT_EQ(files::directory_names(place()), (strings{"ids.bin", "ids.idx"}));
                });
}

TEST_F(saving_faults, metrics_keep_their_good_lines) {
  const std::string kept = "{\"loss\":1.0,\"step\":0}\n{\"loss\":1.0,\"step\":1}\n";
  const auto act = [&] {
    io::metrics_log log = io::metrics_log::resume(place() / "m.jsonl", 1);
    log.write(2, {{"loss", 2.0}});
  };
  at_every_call(
      [&] {
        io::metrics_log log = io::metrics_log::create(place() / "m.jsonl");
        for (int step = 0; step < 4; ++step) log.write(step, {{"loss", 1.0}});
      },
      act, [&](ending) { EXPECT_TRUE(get("place/m.jsonl").starts_with(kept)); },
      [&] {
        EXPECT_EQ(get("place/m.jsonl"), kept + "{\"loss\":2.0,\"step\":2}\n");
        EXPECT_EQ(files::directory_names(place()), strings{"m.jsonl"});
      });
}

// The order of calls that alone makes the above true after the power fails.
TEST_F(saving_faults, all_bytes_are_on_the_device_before_a_checkpoint_gets_its_name) {
  save_checkpoint(1);
  const std::string log = path("calls").string();
  bool is_reached = false;
  const ending end = test::in_child(
      [&] {
        radlads_faults_arm((place().string()).c_str(), "count", 0, log.c_str());
        return [] { return true; };
      },
      [&] { save_checkpoint(2); }, is_reached);
  ASSERT_EQ(end, ending::done);
  std::ifstream file(log);
  strings calls;
  for (std::string line; std::getline(file, line);) calls.push_back(line);
  const auto last = [&](const std::string& pattern) {
    std::ptrdiff_t found = -1;
    for (std::size_t i = 0; i < calls.size(); ++i) {
      if (std::regex_match(calls[i], std::regex(pattern))) found = static_cast<std::ptrdiff_t>(i);
    }
    EXPECT_GE(found, 0) << pattern;
    return found;
  };
  const std::ptrdiff_t named = last("rename .*/place/checkpoint");
  for (const std::string& each :
       strings{"weights.safetensors", "moments.safetensors", "state.json"}) {
    const std::ptrdiff_t written = last("write .*/" + each + "\\.partial-.*");
    const std::ptrdiff_t synced = last("fsync .*/" + each + "(\\.partial-.*)?");
    EXPECT_LT(written, synced) << each;
    EXPECT_LT(synced, named) << each;
  }
  const std::ptrdiff_t listed = last("fsync .*/checkpoint\\.partial-[0-9]+-[0-9]+");
  EXPECT_LT(last("rename .*/state.json"), listed);
  EXPECT_LT(listed, named);
  EXPECT_GT(last("fsync .*/place"), named);
}

}  // namespace saving_faults
}  // namespace radlads
