// SPDX-License-Identifier: Apache-2.0
#include "convert/tiny_conversion.hpp"
#include "radlads/convert/loading.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace radlads::convert {
namespace loading_test {

class loading : public test::temporary_directory {
 protected:
  loading() { test::write_tiny_teacher(b_, path("teacher")); }

  cpu_backend b_{{.threads = 1}};
  alone ranks_;
  run_context<test::tiny_model> run_{b_, ranks_};
};

TEST_F(loading, a_teacher_that_was_let_go_is_read_again) {
  teacher_model<test::tiny_model> teacher(run_, path("teacher"));
  EXPECT_EQ(teacher.config().hidden, 16);
  EXPECT_EQ(teacher.parameters(), parameter_count(teacher.get().weights));
  const std::vector<float> before(teacher.get().weights.norm.data(),
                                  teacher.get().weights.norm.data() + 16);
  teacher.release();
  EXPECT_TRUE(std::equal(before.begin(), before.end(), teacher.get().weights.norm.data()));
}

TEST_F(loading, rejects_a_teacher_that_changed_meanwhile) {
  teacher_model<test::tiny_model> teacher(run_, path("teacher"));
  teacher.release();
  std::filesystem::remove_all(path("teacher"));
  test::write_tiny_teacher(b_, path("teacher"), 6);
  EXPECT_EQ(test::error_of([&] { teacher.get(); }),
            path("teacher").string() + ": the model is not the one that this run began with");
}

TEST_F(loading, rejects_what_is_no_model) {
  EXPECT_EQ(test::error_of([&] { load_model(run_, path("nowhere")); }),
            path("nowhere").string() + ": is neither a model directory nor a GGUF file");
}

TEST_F(loading, rejects_a_tokenizer_with_more_ids_than_the_model) {
  models::config c = test::tiny_teacher();
  EXPECT_NO_THROW(load_tokenizer(path("teacher"), c));
  c.vocabulary = 100;
  EXPECT_NE(test::error_of([&] {
              load_tokenizer(path("teacher"), c);
            }).find("the model's vocabulary is 100"),
            std::string::npos);
}

}  // namespace loading_test
}  // namespace radlads::convert
