// SPDX-License-Identifier: Apache-2.0
#include "radlads/io/carried_files.hpp"
#include "support/gguf_bytes.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

namespace radlads::io {
namespace carried_files_test {

using strings = std::vector<std::string>;

class carried_files_test : public test::temporary_directory {
 protected:
  carried_files_test() {
    for (const char* name : {"source", "target", "source/additional_chat_templates"}) {
      std::filesystem::create_directory(path(name));
    }
  }

  strings names(const std::string& directory) const {
    strings found;
    for (const auto& entry : std::filesystem::directory_iterator(path(directory))) {
      found.push_back(entry.path().filename().string());
    }
    std::sort(found.begin(), found.end());
    return found;
  }
};

TEST_F(carried_files_test, are_those_that_a_conversion_does_not_change) {
  const strings carried{"LICENSE",
                        "LICENSE.txt",
                        "License.md",
                        "NOTICE",
                        "USE_POLICY.md",
                        "added_tokens.json",
                        "chat_template.jinja",
                        "merges.txt",
                        "rag.jinja",
                        "qwen.tiktoken",
                        "special_tokens_map.json",
                        "spiece.model",
                        "tokenizer.json",
                        "tokenizer.model",
                        "tokenizer_config.json",
                        "tokenizer_extra.txt",
                        "vocab.json",
                        "vocab.txt",
                        "LICENSE-MODEL",
                        "MODEL_LICENSE"};
  const strings left{"README.md",         "config.json",    "model.safetensors",      "notes.txt",
                     "pytorch_model.bin", "tokenizer.bin",  "vocab.safetensors",      "LICENSE.bin",
                     "optimizer.pt",      "tokenizer.gguf", "generation_config.json", "tokenizer"};
  for (const std::string& name : carried) put("source/" + name, "of " + name);
  for (const std::string& name : left) put("source/" + name, "of " + name);
  std::filesystem::create_directory(path("source/tokenizer.d"));
  put("source/additional_chat_templates/tools.jinja", "{{ tools }}");
  put("source/additional_chat_templates/model.bin", "");
  carry_files(path("source"), path("target"));
  strings expected = carried;
  expected.push_back("additional_chat_templates");
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(names("target"), expected);
  for (const std::string& name : carried) EXPECT_EQ(get("target/" + name), "of " + name);
  EXPECT_EQ(names("target/additional_chat_templates"), strings{"tools.jinja"});
  EXPECT_EQ(get("target/additional_chat_templates/tools.jinja"), "{{ tools }}");
}

TEST_F(carried_files_test, no_source_has_nothing_and_a_false_one_is_named) {
  carry_files({}, path("target"));
  carry_files(path("source"), path("target"));
  EXPECT_EQ(names("target"), strings());
  EXPECT_TRUE(test::says(test::error_of([&] { carry_files(path("none"), path("target")); }),
                         {path("none").string(), "not a directory"}));
}

TEST_F(carried_files_test, a_gguf_file_hands_on_its_tokenizer) {
  test::gguf_bytes file;
  file.string("tokenizer.ggml.model", "gpt2").string("tokenizer.ggml.pre", "smollm");
  file.strings("tokenizer.ggml.tokens", {"a", "b", "ab"}).strings("tokenizer.ggml.merges", {"a b"});
  put("m.gguf", file.string("tokenizer.chat_template", "{{ x }}").bytes());
  std::filesystem::create_directory(path("to"));
  carry_files(path("m.gguf"), path("to"));
  const files::json tokenizer = files::read_json(path("to/tokenizer.json"));
  EXPECT_EQ(tokenizer["model"]["vocab"]["ab"], 2);
  EXPECT_EQ(files::read_json(path("to/tokenizer_config.json"))["chat_template"], "{{ x }}");
}

}  // namespace carried_files_test
}  // namespace radlads::io
