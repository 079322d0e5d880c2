// SPDX-License-Identifier: Apache-2.0
// A decoder's logits are those of the whole sequence.
#include "models/language_model_case.hpp"
#include "radlads/models/decoder.hpp"
#include "support/error_of.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace radlads::test {
namespace decoder_test {

using model = language_model<double>;

struct Decoder : testing::Test {
  cpu_backend b{cpu_options{.threads = 1, .poison = true}};

  model model_of(const std::vector<std::string>& mixers) {
    const models::config c = small_model(mixers);
    return model_at(b, c, model_point(b, c));
  }
  /// Logits behind the last of ids (batch, N / batch).
  std::vector<double> whole(const model& m, const std::vector<std::int32_t>& ids,
                            std::int64_t batch) {
    model::saved saved;
    const auto count = static_cast<std::int64_t>(ids.size());
    m.forward(b, {ids.data(), {batch, count / batch}}, nullptr, saved);
    tensor<double, 2, cpu_backend> out(b, {count, m.config.vocabulary});
    m.logits(b, saved, out);
    std::vector<double> last;
    for (std::int64_t row = count / batch - 1; row < count; row += count / batch)
      last.insert(last.end(), out.whole().row(row), out.whole().row(row) + m.config.vocabulary);
    return last;
  }
};

TEST_F(Decoder, TakesAPromptAndThenTokens) {
  for (const std::string mixer : {"attention", "rad_rwkv7", "rad_rwkv6"}) {
    const model m = model_of({mixer, mixer});
    const std::vector<std::int32_t> ids = some_ids(12);
    models::decoder<model> running(b, m);
    std::size_t given = 0;
    for (const std::size_t count : {5, 1, 1, 4, 1}) {
      const auto found = running.take({ids.data() + given, count});
      given += count;
      const std::vector<std::int32_t> so_far(ids.begin(),
                                             ids.begin() + static_cast<std::ptrdiff_t>(given));
      EXPECT_LT(
          relative_error(std::vector<double>(found.begin(), found.end()), whole(m, so_far, 1)),
          order_tolerance<double>)
          << mixer << " behind " << given;
    }
    EXPECT_EQ(running.taken(), 12);
  }
}

TEST_F(Decoder, KeepsSequencesApart) {
  const model m = model_of({"rad_rwkv7", "rad_rwkv6", "attention"});
  const std::vector<std::int32_t> first{1, 2, 3, 4}, second{7, 5, 6, 2};
  models::decoder<model> running(b, m, 2);
  running.take(std::vector<std::int32_t>{1, 2, 7, 5});
  running.take(std::vector<std::int32_t>{3, 6});
  const auto found = running.take(std::vector<std::int32_t>{4, 2});
  std::vector<std::int32_t> all = first;
  all.insert(all.end(), second.begin(), second.end());
  EXPECT_LT(relative_error(std::vector<double>(found.begin(), found.end()), whole(m, all, 2)),
            order_tolerance<double>);
}

TEST_F(Decoder, RefusesWhatItCannotTake) {
  const model m = model_of({"rad_rwkv7"});
  models::decoder<model> running(b, m, 2);
  EXPECT_EQ(error_of([&] { running.take({}); }), "decoder: 0 tokens for 2 sequences of one length");
  EXPECT_EQ(error_of([&] {
              running.take(std::vector<std::int32_t>{1, 2, 3});
            }),
            "decoder: 3 tokens for 2 sequences of one length");
  EXPECT_EQ(error_of([&] {
              running.take(std::vector<std::int32_t>{1, 13});
            }),
            "decoder: the token number at position 1 is 13, expected one of a vocabulary of 13");
  EXPECT_EQ(running.taken(), 0);
  EXPECT_EQ(error_of([&] { models::decoder<model> none(b, m, 0); }),
            "decoder: the batch is 0, expected 1 or more");
}

}  // namespace decoder_test
}  // namespace radlads::test
