// SPDX-License-Identifier: Apache-2.0
#include "io/tensor_list.hpp"
#include "radlads/core/hash.hpp"
#include "radlads/io/checkpoint.hpp"
#include "radlads/io/safetensors_writer.hpp"
#include "support/file_size_limit.hpp"
#include "support/gone_process.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <limits>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace radlads::io {
namespace checkpoint_test {

using strings = std::vector<std::string>;

class checkpoint_test : public test::temporary_directory {
 protected:
  template <class T = float>
  test::tensor_list<T> set(T first) {
    test::tensor_list<T> result;
    result.add(backend_, "a.weight", {2, 3}, first).add(backend_, "b", {1, 1}, first + T(0.1));
    return result;
  }

  /// Saves weights first, first + 1, ... and the step `first`.
  void save(float first, std::int64_t kept = 1) {
    auto weights = set(first);
    checkpoint_state state;
    state.integers["step"] = static_cast<std::int64_t>(first);
    save_checkpoint(backend_, directory_, state, kept, named_set{"weights", weights});
  }

  /// The step of the latest checkpoint, whose weights must belong to it.
  std::int64_t latest_step() {
    const auto place = latest_checkpoint(directory_);
    if (!place) return -1;
    auto weights = set(0.0f);
    const auto state = load_checkpoint(backend_, *place, named_set{"weights", weights});
    EXPECT_EQ(weights.values(0)[0], static_cast<float>(state.integer("step")));
    return state.integer("step");
  }

  cpu_backend backend_{{.threads = 1, .poison = true}};
};

template <class T>
bool same_bits(const test::tensor_list<T>& a, const test::tensor_list<T>& b) {
  for (std::size_t i = 0; i < a.tensors.size(); ++i) {
    const auto bytes = static_cast<std::size_t>(a.tensors[i].second.size()) * sizeof(T);
    if (std::memcmp(a.tensors[i].second.data(), b.tensors[i].second.data(), bytes) != 0)
      return false;
  }
  return true;
}

TEST_F(checkpoint_test, sets_and_state_come_back_bit_for_bit) {
  auto weights = set(0.3), first = set(-1e-300), second = set(1e300);
  weights.tensors[0].second.data()[1] = -0.0;
  const std::uint64_t odd_nan = 0x7ff0000000000123;
  std::memcpy(weights.tensors[0].second.data(), &odd_nan, 8);
  checkpoint_state state;
  state.integers = {{"step", std::numeric_limits<std::int64_t>::max()},
                    {"seed", std::numeric_limits<std::int64_t>::min()}};
  state.numbers = {{"loss", 0.1},    {"tiny", std::numeric_limits<double>::denorm_min()},
                   {"zero", -0.0},   {"whole", 3.0},
                   {"up", HUGE_VAL}, {"down", -HUGE_VAL}};
  state.texts = {{"config", "a: \"1\"\n\u00e9\t"}};
  save_checkpoint(backend_, directory_, state, 1, named_set{"weights", weights},
                  named_set{"first", first}, named_set{"second", second});
  EXPECT_EQ(list(), strings{"checkpoint"});

  auto weights2 = set(0.0), first2 = set(0.0), second2 = set(0.0);
  const auto place = latest_checkpoint(directory_);
  ASSERT_TRUE(place.has_value());
  EXPECT_EQ(*place, path("checkpoint"));
  const auto read = load_checkpoint(backend_, *place, named_set{"second", second2},
                                    named_set{"weights", weights2}, named_set{"first", first2});
  EXPECT_EQ(read, state);
  EXPECT_TRUE(std::signbit(read.number("zero")));
  EXPECT_TRUE(same_bits(weights, weights2));
  EXPECT_TRUE(same_bits(first, first2));
  EXPECT_TRUE(same_bits(second, second2));
  EXPECT_EQ(read_checkpoint_state(*place), state);

  state.numbers = {{"loss", std::nan("")}};
  save_checkpoint(backend_, directory_, state, 1, named_set{"weights", weights});
  EXPECT_TRUE(std::isnan(read_checkpoint_state(*place).number("loss")));
}

TEST_F(checkpoint_test, a_value_that_was_not_remembered_is_named) {
  const checkpoint_state state;
  EXPECT_TRUE(test::says(test::error_of([&] { (void)state.integer("step"); }),
                         {"integer", "\"step\"", "missing"}));
  EXPECT_TRUE(test::says(test::error_of([&] { (void)state.number("loss"); }), {"\"loss\""}));
  EXPECT_TRUE(test::says(test::error_of([&] { (void)state.text("config"); }), {"\"config\""}));
}

TEST_F(checkpoint_test, what_does_not_fit_the_run_is_named_and_changes_nothing) {
  save(5);
  const auto place = path("checkpoint");
  auto wide = set<double>(0.0);
  EXPECT_TRUE(test::says(test::error_of([&] {
                           load_checkpoint(backend_, place, named_set{"weights", wide});
                         }),
                         {place.string(), "F32", "F64"}));
  auto plain = set(0.0f);
  EXPECT_TRUE(test::says(test::error_of([&] {
                           load_checkpoint(backend_, place, named_set{"first", plain});
                         }),
                         {place.string(), "\"first\""}));
  auto more = set(0.0f), fewer = set(0.0f), other = set(0.0f);
  more.add(backend_, "c", {1, 2}, 0.0f);
  fewer.tensors.pop_back();
  other.tensors[1].second.resize(backend_, {1, 2});
  const auto error_with = [&](test::tensor_list<float>& weights) {
    return test::error_of([&] { load_checkpoint(backend_, place, named_set{"weights", weights}); });
  };
  EXPECT_TRUE(test::says(error_with(more), {"weights.safetensors", "\"c\" of shape (1, 2)"}));
  EXPECT_TRUE(test::says(error_with(fewer), {"weights.safetensors", "no tensor \"b\""}));
  EXPECT_TRUE(test::says(error_with(other), {"weights.safetensors", "\"b\"", "(1, 1)", "(1, 2)"}));
  EXPECT_EQ(other.values(0)[0], 0.0f);
}

TEST_F(checkpoint_test, a_damaged_checkpoint_is_named) {
  save(5);
  const auto error_of_load = [&] { return test::error_of([&] { latest_step(); }); };
  const std::string state = get("checkpoint/state.json");
  put("checkpoint/state.json", "{");
  EXPECT_TRUE(test::says(error_of_load(), {"state.json", "not valid JSON"}));
  put("checkpoint/state.json", R"({"format": "other"})");
  EXPECT_TRUE(test::says(error_of_load(), {"state.json", "\"other\"", "radlads checkpoint 2"}));
  put("checkpoint/state.json", state);
  const std::string weights = get("checkpoint/weights.safetensors");
  put("checkpoint/weights.safetensors", weights.substr(0, weights.size() - 1));
  EXPECT_TRUE(test::says(error_of_load(), {"weights.safetensors", "truncated"}));
  std::filesystem::remove(path("checkpoint/weights.safetensors"));
  EXPECT_TRUE(test::says(error_of_load(), {"weights.safetensors", "No such file"}));
}

TEST_F(checkpoint_test, unfinished_writes_are_passed_over_and_later_removed) {
  EXPECT_EQ(latest_checkpoint(directory_), std::nullopt);
  EXPECT_EQ(latest_checkpoint(path("none")), std::nullopt);
  const std::string gone = test::gone_suffix();
  std::filesystem::create_directory(path("checkpoint.partial" + gone));
  put("checkpoint.partial" + gone + "/state.json", "{}");
  EXPECT_EQ(latest_step(), -1);
  save(1);
  EXPECT_EQ(list(), strings{"checkpoint"});

  // Ended between the two renames of an exchange.
  std::filesystem::rename(path("checkpoint"), path("checkpoint-1"));
  std::filesystem::create_directory(path("checkpoint.partial" + gone));
  EXPECT_EQ(latest_step(), 1);
  // Ended again while the next one was written: the older one must still be there.
  {
    const test::file_size_limit limit(100);
    test::error_of([&] { save(2); });
  }
  EXPECT_EQ(latest_step(), 1);
  save(3);
  EXPECT_EQ(latest_step(), 3);
  EXPECT_EQ(list(), strings{"checkpoint"});
}

TEST_F(checkpoint_test, keeps_earlier_ones) {
  for (int step = 8; step <= 11; ++step) save(static_cast<float>(step), 3);
  EXPECT_EQ(list(), (strings{"checkpoint", "checkpoint-10", "checkpoint-9"}));
  EXPECT_EQ(latest_step(), 11);
  EXPECT_EQ(step_of(path("checkpoint-9")), 9);
  // The same step again, as after a stop by hand.
  save(11, 3);
  save(11, 3);
  EXPECT_EQ(list(), (strings{"checkpoint", "checkpoint-10", "checkpoint-11"}));
  save(12, 1);
  EXPECT_EQ(list(), strings{"checkpoint"});
  EXPECT_TRUE(test::says(test::error_of([&] { save(13, 0); }), {"0 checkpoints to keep"}));
}

// The file of a set with one bit of its numbers flipped: the format sees nothing wrong.
TEST_F(checkpoint_test, one_flipped_bit_is_found_in_every_file) {
  auto weights = set(1.0f), moments = set(9.0f);
  checkpoint_state state;
  state.integers["step"] = 4;
  save_checkpoint(backend_, directory_, state, 1, named_set{"weights", weights},
                  named_set{"moments", moments});
  const auto load = [&] {
    return test::error_of([&] {
      load_checkpoint(backend_, path("checkpoint"), named_set{"weights", weights},
                      named_set{"moments", moments});
    });
  };
  (void)load_checkpoint(backend_, path("checkpoint"), named_set{"weights", weights},
                        named_set{"moments", moments});
  for (const std::string& name : strings{"weights.safetensors", "moments.safetensors"}) {
    const std::string whole = get("checkpoint/" + name);
    std::string damaged = whole;
    damaged[damaged.size() - 3] = static_cast<char>(damaged[damaged.size() - 3] ^ 1);
    put("checkpoint/" + name, damaged);
    const std::string right = hash_text(stream_hash().update(whole).value());
    const std::string wrong = hash_text(stream_hash().update(damaged).value());
    EXPECT_TRUE(test::says(load(), {path("checkpoint/" + name).string(), right, wrong}));
    put("checkpoint/" + name, whole);
  }
  std::string changed = get("checkpoint/state.json");
  changed.replace(changed.find("\"step\": 4"), 9, "\"step\": 5");
  put("checkpoint/state.json", changed);
  EXPECT_TRUE(test::says(load(), {path("checkpoint/state.json").string(), "is damaged"}));
}

TEST_F(checkpoint_test, one_set_in_the_place_of_another_is_found) {
  auto weights = set(1.0f), moments = set(9.0f);
  checkpoint_state state;
  state.integers["step"] = 4;
  save_checkpoint(backend_, directory_, state, 1, named_set{"weights", weights},
                  named_set{"moments", moments});
  put("checkpoint/weights.safetensors", get("checkpoint/moments.safetensors"));
  EXPECT_TRUE(
      test::says(test::error_of([&] {
                   load_checkpoint(backend_, path("checkpoint"), named_set{"weights", weights});
                 }),
                 {"checkpoint/weights.safetensors", "\"moments\"", "\"weights\""}));
  EXPECT_EQ(weights.values(0)[0], 1.0f);
}

// state.json says F32; the file of the set is one of F16 with the same names and shapes.
TEST_F(checkpoint_test, the_element_type_of_the_file_counts) {
  save(5);
  const auto weights = set(5.0f);
  safetensors_writer writer;
  test::tensor_list<float>::for_each(
      [&](const std::string& name, const auto& tensor) {
        writer.add(name, dtype::f16, file_shape(tensor), tensor.data());
      },
      weights);
  writer.write(path("checkpoint/weights.safetensors"));
  auto read = set(0.0f);
  EXPECT_TRUE(
      test::says(test::error_of([&] {
                   load_checkpoint(backend_, path("checkpoint"), named_set{"weights", read});
                 }),
                 {"weights.safetensors", "F16", "F32"}));
  EXPECT_EQ(read.values(0)[0], 0.0f);
}

// A checkpoint as version 0.1.0 wrote it: no hashes, no name of the set in its file.
TEST_F(checkpoint_test, goes_on_from_one_of_version_0_1_0) {
  std::filesystem::create_directory(path("checkpoint"));
  put("checkpoint/state.json",
      R"({"format": "radlads checkpoint 1", "number_type": "F32", "sets": ["weights"],
          "integers": {"step": 5}, "numbers": {}, "texts": {"settings": "a: 1"}})");
  const auto weights = set(5.0f);
  safetensors_writer writer;
  test::tensor_list<float>::for_each(
      [&](const std::string& name, const auto& tensor) {
        writer.add(name, dtype::f32, file_shape(tensor), tensor.data());
      },
      weights);
  writer.write(path("checkpoint/weights.safetensors"));
  EXPECT_EQ(latest_step(), 5);
  EXPECT_EQ(read_checkpoint_state(path("checkpoint")).text("settings"), "a: 1");
  save(6, 2);
  EXPECT_EQ(list(), (strings{"checkpoint", "checkpoint-5"}));
}

TEST_F(checkpoint_test, a_full_disk_leaves_the_older_checkpoint) {
  save(1);
  {
    const test::file_size_limit limit(100);
    EXPECT_TRUE(test::says(test::error_of([&] { save(2); }),
                           {"cannot write", "weights.safetensors", files::system_text(EFBIG)}));
  }
  EXPECT_EQ(latest_step(), 1);
  EXPECT_EQ(list(), strings{"checkpoint"});
}

TEST_F(checkpoint_test, refuses_to_replace_what_is_no_checkpoint) {
  std::filesystem::create_directory(path("checkpoint"));
  put("checkpoint/mine", "1");
  EXPECT_TRUE(test::says(test::error_of([&] { save(1); }),
                         {path("checkpoint").string(), "not a checkpoint"}));
  EXPECT_EQ(get("checkpoint/mine"), "1");
  auto weights = set(0.0f);
  checkpoint_state five;
  five.integers["step"] = 5;
  EXPECT_TRUE(
      test::says(test::error_of([&] {
                   save_checkpoint(backend_, path("none"), five, 1, named_set{"w", weights});
                 }),
                 {path("none").string(), files::system_text(ENOENT)}));
}

// A child saves step after step until it is killed at some moment of a later save; whatever it
// leaves must be whole, and no older than what it had finished. tests/faults/ has every moment.
TEST_F(checkpoint_test, a_killed_process_leaves_a_whole_checkpoint) {
  constexpr int rounds = 6;
  const auto before = std::chrono::steady_clock::now();
  save(1);
  const auto duration = std::chrono::steady_clock::now() - before;
  std::int64_t last = 1;
  for (int round = 0; round < rounds; ++round) {
    int finished[2];
    ASSERT_EQ(::pipe(finished), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      for (std::int64_t step = last + 1;; ++step) {
        save(static_cast<float>(step));
        if (::write(finished[1], "x", 1) != 1) ::_exit(1);
      }
    }
    // The child alone holds the writing end, so that reading ends with it, whatever it dies of.
    ::close(finished[1]);
    char one = 0;
    const bool is_one_saved = ::read(finished[0], &one, 1) == 1;
    std::this_thread::sleep_for(duration * round / rounds);
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    ::close(finished[0]);
    ASSERT_TRUE(is_one_saved);
    ASSERT_TRUE(WIFSIGNALED(status));
    const std::int64_t step = latest_step();
    EXPECT_GT(step, last);
    last = step;
  }
  save(static_cast<float>(last + 1));
  EXPECT_EQ(list(), strings{"checkpoint"});
}

}  // namespace checkpoint_test
}  // namespace radlads::io
