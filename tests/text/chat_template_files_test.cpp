// SPDX-License-Identifier: Apache-2.0
#include "radlads/text/chat_template_files.hpp"
#include "support/error_of.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <ctime>
#include <filesystem>
#include <string>

namespace radlads::test {
namespace chat_template_files_test {

struct chat_template_files : temporary_directory {
  void write(const std::string& name, const std::string& text) {
    std::filesystem::create_directories(path(name).parent_path());
    put(name, text);
  }
  std::string folder() const { return path("").parent_path().string(); }
  std::string rendered(const std::string& name = "default") {
    const text::model_chat chat = text::read_chat_template(folder(), name);
    return chat.form.render(
        text::chat_environment({{"user", "Hi"}}, true, chat.special_tokens, std::tm{}));
  }
};

TEST_F(chat_template_files, one_template_is_the_default) {
  write("tokenizer_config.json",
        R"json({"chat_template": "{{ bos_token }}{{ messages[0].content }}{{ eos_token }}",
            "bos_token": "<b>", "eos_token": {"content": "<e>", "lstrip": false}, "pad_token": null})json");
  EXPECT_EQ(rendered(), "<b>Hi<e>");
  EXPECT_EQ(error_of([&] { rendered("tool_use"); }),
            folder() +
                ": has no chat template 'tool_use'; neither a file of it nor "
                "tokenizer_config.json");
}

TEST_F(chat_template_files, a_list_has_named_templates) {
  write("tokenizer_config.json",
        R"json({"chat_template": [{"name": "tool_use", "template": "two"},
                                  {"name": "default", "template": "one"}]})json");
  EXPECT_EQ(rendered(), "one");
  EXPECT_EQ(rendered("tool_use"), "two");
}

TEST_F(chat_template_files, a_file_comes_before_the_config) {
  write("tokenizer_config.json", R"json({"chat_template": "config", "bos_token": "<b>"})json");
  write("chat_template.jinja", "{{ bos_token }} file\n");
  write("additional_chat_templates/rag.jinja", "rag");
  EXPECT_EQ(rendered(), "<b> file");
  EXPECT_EQ(rendered("rag"), "rag");
}

TEST_F(chat_template_files, what_is_wrong_is_named) {
  EXPECT_NE(error_of([&] { rendered(); }).find(folder() + ": has no chat template"),
            std::string::npos);
  write("tokenizer_config.json", R"json({"chat_template": 3})json");
  EXPECT_EQ(
      error_of([&] { rendered(); }),
      folder() + "/tokenizer_config.json: \"chat_template\" must be a string or a list, found 3");
  write("tokenizer_config.json", R"json({"chat_template": "a\n{{ b"})json");
  EXPECT_EQ(error_of([&] { rendered(); }),
            folder() + "/tokenizer_config.json: chat template: line 2: {{ has no }}");
  EXPECT_EQ(error_of([&] { rendered("../x"); }), "the chat template '../x' is no name");
}

}  // namespace chat_template_files_test
}  // namespace radlads::test
