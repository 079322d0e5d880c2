// SPDX-License-Identifier: Apache-2.0
#include "radlads/core/tensor_info.hpp"

#include <gtest/gtest.h>

#include <string>

namespace radlads::test {
namespace tensor_info_test {

TEST(tensor_info, larger_sets_put_names_in_front_and_keep_the_rest) {
  const tensor_info own{"w1", tensor_role::low_rank_down, tensor_purpose::decay};
  const tensor_info inner = own.within("self_attn.", tensor_part::recurrent_mixer);
  const tensor_info outer = inner.within("model.layers.3.");
  EXPECT_EQ(outer.name, "model.layers.3.self_attn.w1");
  EXPECT_EQ(outer.role, tensor_role::low_rank_down);
  EXPECT_EQ(outer.purpose, tensor_purpose::decay);
  EXPECT_EQ(outer.part, tensor_part::recurrent_mixer);
  EXPECT_EQ(own.part, tensor_part::none);
}

TEST(tensor_info, both_kinds_of_mixer_are_mixers) {
  tensor_info info{"q"};
  const auto is_in_mixer = [&](tensor_part part) {
    info.part = part;
    return info.is_in_mixer();
  };
  EXPECT_TRUE(is_in_mixer(tensor_part::softmax_mixer));
  EXPECT_TRUE(is_in_mixer(tensor_part::recurrent_mixer));
  EXPECT_FALSE(is_in_mixer(tensor_part::feed_forward));
  EXPECT_FALSE(is_in_mixer(tensor_part::none));
}

TEST(tensor_info, stands_for_its_name) {
  const auto length = [](const std::string& name) { return name.size(); };
  EXPECT_EQ(length(tensor_info{"norm.weight", tensor_role::norm}), 11u);
}

}  // namespace tensor_info_test
}  // namespace radlads::test
