// SPDX-License-Identifier: Apache-2.0
#include "io/tensor_list.hpp"
#include "radlads/io/config_reader.hpp"
#include "radlads/io/model_directory.hpp"
#include "support/file_size_limit.hpp"
#include "support/gone_process.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <unistd.h>
#include <vector>

namespace radlads::io {
namespace model_directory_test {

using strings = std::vector<std::string>;

class model_directory_test : public test::temporary_directory {
 protected:
  model_directory_test() {
    std::filesystem::create_directory(path("source"));
    put("source/tokenizer.json", "{}");
    put("source/merges.txt", "a b\n");
    put("source/config.json", "{\"not\": \"taken\"}");
    put("source/notes.txt", "not taken");
    config_.vocabulary = config_.hidden = config_.intermediate = 4;
    config_.layers = config_.heads = config_.kv_heads = 1;
    config_.head_size = 4;
    config_.max_positions = 8;
    config_.eos = {2};
    config_.mixers = {"rad_rwkv7"};
    weights_.add(backend_, "lm_head.weight", {4, 4}, 1.0f);
    weights_.add(backend_, "model.layers.0.self_attn.w1", {4, 3}, 1.0f);
    weights_.add(
        backend_,
        tensor_info{"model.layers.0.self_attn.w2", tensor_role::low_rank_up, tensor_purpose::decay},
        {3, 4}, 1.0f);
  }

  void save(const std::string& target, const save_options& options = {}) {
    save_model(backend_, config_, weights_, path("source"), path(target), options);
  }

  strings names(const std::string& directory) const { return directory_names(path(directory)); }

  cpu_backend backend_{{.threads = 1, .poison = true}};
  models::config config_;
  test::tensor_list<float> weights_;
};

const strings whole_model{"config.json", "generation_config.json", "merges.txt",
                          "model.safetensors", "tokenizer.json"};

TEST_F(model_directory_test, writes_a_model_with_the_tokenizer_of_another) {
  save("out");
  EXPECT_EQ(names("out"), whole_model);
  EXPECT_EQ(get("out/merges.txt"), "a b\n");
  EXPECT_EQ(files::json::parse(get("out/generation_config.json")),
            files::json({{"eos_token_id", 2}}));
  // The size of the low-rank map is that of the tensor, which no formula gives.
  EXPECT_EQ(read_config(path("out")).options.rank_decay, 3);
  EXPECT_EQ(list(), (strings{"out", "source"}));
}

TEST_F(model_directory_test, takes_the_ranks_from_the_tensors) {
  test::tensor_list<float> set;
  const auto add = [&](tensor_role role, tensor_purpose purpose, const shape<2>& sizes) {
    set.add(backend_, tensor_info{"x" + std::to_string(set.infos.size()), role, purpose}, sizes, 0);
  };
  // Neither the names nor the first factors count.
  add(tensor_role::low_rank_down, tensor_purpose::decay, {8, 9});
  add(tensor_role::low_rank_up, tensor_purpose::decay, {2, 8});
  add(tensor_role::low_rank_up, tensor_purpose::iclr, {3, 8});
  add(tensor_role::low_rank_up, tensor_purpose::value_mix, {4, 8});
  add(tensor_role::low_rank_up, tensor_purpose::gate, {5, 8});
  add(tensor_role::low_rank_up, tensor_purpose::token_shift, {6, 8});
  add(tensor_role::matrix, tensor_purpose::gate, {7, 8});
  const layers::mixer_options o = with_ranks(models::config(), set).options;
  EXPECT_EQ(o.rank_decay, 2);
  EXPECT_EQ(o.rank_iclr, 3);
  EXPECT_EQ(o.rank_value_mix, 4);
  EXPECT_EQ(o.rank_gate, 5);
  EXPECT_EQ(o.rank_token_shift, 6);
}

TEST_F(model_directory_test, replaces_only_the_files_of_the_model) {
  save("out", {.weights = {.max_shard_bytes = 64}});
  EXPECT_TRUE(std::filesystem::exists(path("out/model-00003-of-00003.safetensors")));
  put("out/metrics.jsonl", "1");
  put("out/vocab.json", "of an older tokenizer");
  put("out/own-notes.md", "mine");
  std::filesystem::create_directories(path("out/steps/align"));
  weights_.tensors[0].second.data()[0] = 77;
  save("out");
  strings expected = whole_model;
  expected.insert(expected.end(), {"metrics.jsonl", "own-notes.md", "steps"});
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(names("out"), expected);
  test::tensor_list<float> read;
  read.add(backend_, "lm_head.weight", {4, 4}, 0.0f);
  (void)read_parameters(backend_, path("out"), read);
  EXPECT_EQ(read.values(0)[0], 77.0f);
}

TEST_F(model_directory_test, hands_on_what_a_conversion_does_not_change) {
  put("source/LICENSE", "terms");
  put("source/generation_config.json", R"({"top_k": 20, "eos_token_id": [2, 3]})");
  std::filesystem::create_directory(path("source/additional_chat_templates"));
  put("source/additional_chat_templates/tools.jinja", "new");
  config_.eos = {2, 3};
  for (const char* target : {"out", "out", "other"}) {
    save(target);
    const std::string out = std::string(target) + "/";
    EXPECT_EQ(get(out + "LICENSE"), "terms");
    EXPECT_EQ(get(out + "additional_chat_templates/tools.jinja"), "new");
    EXPECT_EQ(files::json::parse(get(out + "generation_config.json")),
              files::json({{"top_k", 20}, {"eos_token_id", {2, 3}}}));
    EXPECT_EQ(read_config(path(target)).eos, config_.eos);
    put(out + "additional_chat_templates/older.jinja", "old");
  }
  save_model(backend_, config_, weights_, path("other"), path("other"));
  EXPECT_TRUE(std::filesystem::exists(path("other/additional_chat_templates/older.jinja")));
  save("other");
  EXPECT_FALSE(std::filesystem::exists(path("other/additional_chat_templates/older.jinja")));
}

TEST_F(model_directory_test, saves_a_model_into_its_own_directory) {
  save("out");
  save_model(backend_, config_, weights_, path("out"), path("out/"));
  EXPECT_EQ(names("out"), whole_model);
  EXPECT_EQ(get("out/merges.txt"), "a b\n");
}

TEST_F(model_directory_test, without_a_source_tokenizer_files_stay) {
  save("out");
  put("out/tokenizer.json", "own");
  save_model(backend_, config_, weights_, {}, path("out"));
  EXPECT_EQ(names("out"), whole_model);
  EXPECT_EQ(get("out/tokenizer.json"), "own");
  const std::string message =
      test::error_of([&] { save_model(backend_, config_, weights_, path("none"), path("out")); });
  EXPECT_TRUE(test::says(message, {path("none").string(), "not a directory"}));
}

TEST_F(model_directory_test, can_replace_the_whole_directory) {
  save("out");
  put("out/metrics.jsonl", "1");
  save("out", {.existing = replaced::whole_directory});
  EXPECT_EQ(names("out"), whole_model);
  EXPECT_EQ(list(), (strings{"out", "source"}));
}

TEST_F(model_directory_test, refuses_targets_that_are_no_models) {
  put("file", "");
  EXPECT_TRUE(test::says(test::error_of([&] { save("file"); }),
                         {path("file").string(), "a file of that name exists"}));
  std::filesystem::create_directories(path("home/steps"));
  put("home/tokenizer.json", "mine");
  EXPECT_TRUE(test::says(test::error_of([&] { save("home", {.own_entries = {"steps"}}); }),
                         {path("home").string(), "tokenizer.json", "not a model directory"}));
  EXPECT_EQ(get("home/tokenizer.json"), "mine");
  std::filesystem::remove(path("home/tokenizer.json"));
  EXPECT_TRUE(test::says(test::error_of([&] { save("home"); }), {"steps"}));
  save("home", {.own_entries = {"steps"}});
  EXPECT_TRUE(std::filesystem::exists(path("home/config.json")));
  EXPECT_TRUE(std::filesystem::exists(path("home/steps")));
  std::filesystem::create_directory(path("empty"));
  save("empty");
  EXPECT_EQ(names("empty"), whole_model);
}

TEST_F(model_directory_test, templates_replace_older_ones_and_nothing_else) {
  std::filesystem::create_directory(path("source/additional_chat_templates"));
  put("source/additional_chat_templates/old.jinja", "old");
  save("out");
  put("out/additional_chat_templates/own.txt", "own");
  std::filesystem::remove(path("source/additional_chat_templates/old.jinja"));
  put("source/additional_chat_templates/new.jinja", "new");
  save("out");
  EXPECT_EQ(names("out/additional_chat_templates"), (strings{"new.jinja", "own.txt"}));
  std::filesystem::remove_all(path("source/additional_chat_templates"));
  save("out");
  EXPECT_EQ(names("out/additional_chat_templates"), strings{"own.txt"});
  std::filesystem::remove(path("out/additional_chat_templates/own.txt"));
  put("source/tokenizer.json", "{ }");
  save("out");
  EXPECT_EQ(get("out/tokenizer.json"), "{ }");
}

TEST_F(model_directory_test, an_interrupted_save_is_made_good) {
  save("out");
  const std::string gone = test::gone_suffix();
  // As a process leaves it that ends while it moves the older files aside.
  std::filesystem::create_directory(path("out/.radlads.partial" + gone));
  std::filesystem::create_directory(path("out/.radlads.moved" + gone));
  std::filesystem::rename(path("out/config.json"),
                          path("out/.radlads.moved" + gone) / "config.json");
  EXPECT_TRUE(
      test::says(test::error_of([&] { read_config(path("out")); }), {"config.json", "No such"}));
  EXPECT_TRUE(has_interrupted_save(path("out")));
  EXPECT_TRUE(repair_model_directory(path("out")));
  EXPECT_FALSE(has_interrupted_save(path("out")));
  EXPECT_EQ(names("out"), whole_model);
  // And while it moves the new ones in.
  std::filesystem::create_directory(path("out/.radlads.partial" + gone));
  std::filesystem::create_directory(path("out/.radlads.replaced" + gone));
  std::filesystem::rename(path("out/config.json"),
                          path("out/.radlads.partial" + gone) / "config.json");
  save("out");
  EXPECT_EQ(names("out"), whole_model);
}

// What made a directory of version 0.1.0 useless for ever.
TEST_F(model_directory_test, a_directory_in_the_place_of_a_file_leaves_the_older_model_whole) {
  save("out");
  std::filesystem::remove(path("out/generation_config.json"));
  std::filesystem::create_directory(path("out/generation_config.json"));
  put("out/generation_config.json/mine", "1");
  const std::string config = get("out/config.json");
  EXPECT_TRUE(test::says(test::error_of([&] { save("out"); }),
                         {path("out/generation_config.json").string(), "it is a directory"}));
  EXPECT_EQ(names("out"), whole_model);
  EXPECT_EQ(get("out/config.json"), config);
  EXPECT_EQ(get("out/generation_config.json/mine"), "1");
}

TEST_F(model_directory_test, further_texts_come_with_the_model) {
  save("out", {.texts = {{"record.yaml", "first"}}});
  EXPECT_EQ(get("out/record.yaml"), "first");
  save("out", {.texts = {{"record.yaml", "second"}}});
  EXPECT_EQ(get("out/record.yaml"), "second");
}

TEST_F(model_directory_test, a_config_of_something_else_is_left_alone) {
  std::filesystem::create_directory(path("app"));
  for (const char* text : {"{\"port\": 80}", "[]", "not JSON"}) {
    put("app/config.json", text);
    EXPECT_TRUE(test::says(test::error_of([&] { save("app"); }),
                           {path("app").string(), "config.json is not that of a model"}));
    EXPECT_EQ(get("app/config.json"), text);
  }
  EXPECT_EQ(names("app"), strings{"config.json"});
}

TEST_F(model_directory_test, a_full_disk_leaves_the_older_model) {
  save("out");
  const std::string before = get("out/model.safetensors");
  weights_.add(backend_, "large", {100, 100}, 0.0f);
  std::string message;
  {
    const test::file_size_limit limit(8192);
    message = test::error_of([&] { save("out"); });
    EXPECT_TRUE(test::says(test::error_of([&] { save("fresh"); }), {files::system_text(EFBIG)}));
  }
  EXPECT_TRUE(
      test::says(message, {"cannot write", "model.safetensors", files::system_text(EFBIG)}));
  EXPECT_EQ(get("out/model.safetensors"), before);
  EXPECT_EQ(names("out"), whole_model);
  EXPECT_EQ(list(), (strings{"out", "source"}));
}

TEST_F(model_directory_test, a_place_that_cannot_be_written_is_named) {
  put("file", "");
  EXPECT_TRUE(test::says(test::error_of([&] { save("file/out"); }),
                         {path("file/out").string(), files::system_text(ENOTDIR)}));
  EXPECT_TRUE(test::says(test::error_of([&] { save("none/out"); }),
                         {path("none/out").string(), files::system_text(ENOENT)}));
}

TEST_F(model_directory_test, a_read_only_directory_is_named) {
  if (::geteuid() == 0) GTEST_SKIP() << "a superuser writes to read-only directories";
  save("out");
  std::filesystem::permissions(
      path("out"), std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  EXPECT_TRUE(test::says(test::error_of([&] { save("out"); }),
                         {path("out").string(), files::system_text(EACCES)}));
  std::filesystem::permissions(path("out"), std::filesystem::perms::owner_all);
}

TEST_F(model_directory_test, a_head_that_contradicts_the_description_is_refused) {
  config_.is_tied = true;
  EXPECT_TRUE(test::says(test::error_of([&] { save("out"); }), {"tied", "lm_head.weight"}));
}

TEST_F(model_directory_test, knows_weight_files_by_their_whole_name) {
  EXPECT_TRUE(is_weight_file("model-00001-of-00010.safetensors"));
  EXPECT_FALSE(is_weight_file("model-00001-of-00010.safetensors.bak"));
  EXPECT_FALSE(is_weight_file("model-best.safetensors"));
  EXPECT_FALSE(is_weight_file("consolidated.safetensors"));
}

}  // namespace model_directory_test
}  // namespace radlads::io
