// SPDX-License-Identifier: Apache-2.0
// Whatever allocation fails while something is read, one exception says so: no crash, no hang.
#include "faults/faults.hpp"
#include "io/tensor_list.hpp"
#include "radlads/data/binidx.hpp"
#include "radlads/data/corpus.hpp"
#include "radlads/io/checkpoint.hpp"
#include "radlads/io/config_reader.hpp"
#include "radlads/io/model_directory.hpp"
#include "radlads/text/chat_template_files.hpp"
#include "radlads/text/tokenizer.hpp"
#include "text/small_tokenizer.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace radlads {
namespace loading_faults {

using test::ending;

class loading_faults : public test::fault_test {
 protected:
  /// The number of allocations of `load`, each of which was made to fail.
  long at_every_allocation(const std::function<void()>& load) {
    for (long at = 1;; ++at) {
      SCOPED_TRACE("allocation " + std::to_string(at));
      bool is_reached = false;
      const ending end = test::in_child(
          [&] {
            radlads_faults_arm_allocation(at, 1);
            return [at] { return radlads_faults_allocations() >= at; };
          },
          load, is_reached);
      if (!is_reached) {
        EXPECT_EQ(end, ending::done);
        return at - 1;
      }
      EXPECT_TRUE(end == ending::refused || end == ending::done);
      if (HasFailure()) return at;
    }
  }

  cpu_backend backend_{{.threads = 1}};
};

TEST_F(loading_faults, a_model_directory) {
  models::config c;
  c.vocabulary = c.hidden = c.intermediate = c.head_size = 4;
  c.layers = c.heads = c.kv_heads = 1;
  c.max_positions = 8;
  c.mixers = {"attention"};
  test::tensor_list<float> weights;
  weights.add(backend_, "lm_head.weight", {4, 4}, 1);
  io::save_model(backend_, c, weights, {}, path("model"));
  EXPECT_GE(at_every_allocation([&] {
              (void)io::read_config(path("model"));
              (void)io::read_parameters(backend_, path("model"), weights);
            }),
            30);
}

TEST_F(loading_faults, a_checkpoint) {
  test::tensor_list<float> weights;
  weights.add(backend_, "a", {4, 4}, 1);
  io::checkpoint_state state;
  state.integers["step"] = 3;
  io::save_checkpoint(backend_, directory_, state, 1, io::named_set{"weights", weights});
  EXPECT_GE(at_every_allocation([&] {
              const auto place = io::latest_checkpoint(directory_);
              io::load_checkpoint(backend_, place.value(), io::named_set{"weights", weights});
            }),
            30);
}

TEST_F(loading_faults, tokens_with_their_index) {
  {
    data::binidx_writer writer(path("ids"), 10);
    for (int i = 0; i < 500; ++i) writer.append(std::vector<std::int32_t>{1, 2, 3});
    writer.commit();
  }
  EXPECT_GE(
      at_every_allocation([&] { (void)data::binidx_file::open(path("ids")).document_offsets(); }),
      2);
}

TEST_F(loading_faults, lines_of_json) {
  EXPECT_GE(at_every_allocation([&] {
              (void)data::split_json_lines(R"({"text": "a", "of": [{"b": [1]}, "c"]})"
                                           "\n"
                                           R"({"text": "d"})",
                                           "texts.jsonl");
            }),
            10);
}

TEST_F(loading_faults, a_tokenizer) {
  std::filesystem::create_directory(path("tokenizer"));
  put("tokenizer/tokenizer.json", test::small_byte_level().dump());
  put("tokenizer/tokenizer_config.json", R"({"eos_token": "<end>", "add_bos_token": false})");
  EXPECT_GE(at_every_allocation([&] {
              const auto tokenizer = text::tokenizer::load(path("tokenizer"));
              (void)tokenizer.decode(tokenizer.encode_document("hello w\u00e9 12 <end>"), false);
            }),
            30);
}

TEST_F(loading_faults, a_chat_template) {
  std::filesystem::create_directory(path("chat"));
  put("chat/tokenizer_config.json",
      R"({"bos_token": "<s>", "chat_template": "{% for m in messages %}{{ bos_token + m.role }}{{ m['content'] | trim }}{% endfor %}{% if add_generation_prompt %}assistant{% endif %}"})");
  EXPECT_GE(at_every_allocation([&] {
              const text::model_chat chat = text::read_chat_template(path("chat"));
              const std::string told = std::string(600, 'a');
              (void)chat.form.render(text::chat_environment({{"user", told}, {"assistant", "b"}},
                                                            true, chat.special_tokens, {}));
            }),
            8);
}

}  // namespace loading_faults
}  // namespace radlads
