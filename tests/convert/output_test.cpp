// SPDX-License-Identifier: Apache-2.0
#include "convert/tiny_conversion.hpp"
#include "radlads/convert/output.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <string>

namespace radlads::convert {
namespace output_test {

class outputs : public test::temporary_directory {
 protected:
  run_record record(const std::string& seed) const {
    run_record r;
    r.settings = "model:\n  seed: " + seed + "\n";
    r.run["format"] = record_format;
    r.about = {{"stage", "transfer"}, {"samples", "12"}};
    return r;
  }

  void save(const run_record& r) {
    test::tiny_model model;
    model.build(b_, test::tiny_teacher());
    model.initialise(b_, 1);
    files::directory_lock lock = claim_output(run_, path("out"));
    save_output(run_, model, "", path("out"), r, lock);
  }

  cpu_backend b_{{.threads = 1}};
  alone ranks_;
  run_context<test::tiny_model> run_{b_, ranks_};
};

TEST_F(outputs, a_saved_model_is_finished_for_the_same_record_alone) {
  EXPECT_FALSE(is_finished(run_, path("out"), record("1")));
  save(record("1"));
  EXPECT_TRUE(is_finished(run_, path("out"), record("1")));
  EXPECT_EQ(test::error_of([&] { is_finished(run_, path("out"), record("2")); }),
            path("out").string() +
                " is complete, but not of this run: model.seed was 1 and is now 2; --restart makes "
                "it again");
  EXPECT_EQ(samples_of(path("out")), 12);
  EXPECT_EQ(samples_of(path("elsewhere")), 0);
}

TEST_F(outputs, its_own_model_may_be_written_again) {
  save(record("1"));
  EXPECT_NO_THROW(save(record("2")));
}

TEST_F(outputs, rejects_a_model_of_others) {
  save(record("1"));
  std::filesystem::remove(path("out") / record_name);
  EXPECT_NE(test::error_of([&] { claim_output(run_, path("out")); }), "");
  EXPECT_NO_THROW(claim_output(run_, path("out"), true));
}

TEST_F(outputs, rejects_a_directory_that_another_run_holds) {
  files::directory_lock lock;
  hold_output(run_, path("out"), lock);
  EXPECT_TRUE(lock.is_held());
  EXPECT_NE(test::error_of([&] { claim_output(run_, path("out")); }), "");
}

TEST_F(outputs, rejects_the_directory_of_an_input) {
  make_directory(path("teacher"));
  EXPECT_NE(test::error_of([&] {
              require_apart(path("teacher/."), path("teacher"));
            }).find("is the directory of an input"),
            std::string::npos);
  EXPECT_NO_THROW(require_apart(path("student"), path("teacher")));
}

}  // namespace output_test
}  // namespace radlads::convert
