// SPDX-License-Identifier: Apache-2.0
#include "convert/conversion_case.hpp"
#include "radlads/convert/stages.hpp"
#include "radlads/core/dry_run/backend.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>

namespace radlads::convert {
namespace stages_test {

class one_stage : public test::conversion_case {
 protected:
  /// Runs step 1 on a student just made; returns the rows read by then.
  std::int64_t align_to(const std::string& name, std::int64_t samples_before = 0) {
    steps_ = 0;
    teacher_model<test::tiny_model> teacher(run_, path("teacher"));
    const training_text text = read_training_text(run_, text_inputs({path("text.txt").string()}),
                                                  path("teacher"), teacher.config());
    const auto made = make_student(b_, teacher.get(), std::string("rad_rwkv7"), model_settings());
    files::directory_lock lock = claim_output(run_, path(name));
    const stage_inputs<test::tiny_model> inputs{run_,    &teacher,   text,
                                                values_, "text.txt", path("teacher")};
    const std::int64_t samples =
        run_stage(inputs, "align", *made.model, samples_before, path(name), lock);
    hash_ = weights_hash(b_, *made.model);
    return samples;
  }

  std::uint64_t hash_ = 0;
};

TEST_F(one_stage, a_complete_one_is_loaded_and_not_run_again) {
  EXPECT_EQ(align_to("aligned", 10), 22);
  EXPECT_EQ(steps_, 6);
  const std::uint64_t trained = hash_;
  EXPECT_EQ(align_to("aligned", 10), 22);
  EXPECT_EQ(steps_, 0);
  EXPECT_EQ(hash_, trained);
  EXPECT_EQ(samples_of(path("aligned")), 22);
}

TEST_F(one_stage, its_record_says_what_it_was_made_of) {
  align_to("aligned");
  const std::string record = get("aligned/resolved.yaml");
  EXPECT_EQ(record_value(record, "about", "finished"), "true");
  EXPECT_EQ(record_value(record, "about", "device"), "cpu");
  EXPECT_EQ(record_value(record, "run", "teacher.hidden_size"), "16");
  EXPECT_EQ(record_value(record, "align", "context"), "16");
  EXPECT_FALSE(record_value(record, "distill", "context").has_value());
}

TEST_F(one_stage, rejects_a_stage_without_tokens) {
  values_.align.tokens = 0;
  EXPECT_EQ(test::error_of([&] { align_to("aligned"); }),
            "align.tokens is 0: there is nothing to do; --align.tokens says how many to train on");
}

TEST_F(one_stage, rejects_bf16_on_the_cpu) {
  values_.align.precision = "bf16";
  EXPECT_EQ(test::error_of([&] {
              require_precision<cpu_backend>(values_, {"align"});
            }).find("align.precision is bf16, which the CPU does not train in"),
            0u);
  EXPECT_NO_THROW(require_precision<dry_run_backend>(values_, {"align"}));
}

}  // namespace stages_test
}  // namespace radlads::convert
