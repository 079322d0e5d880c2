// SPDX-License-Identifier: Apache-2.0
// Documents of varying lengths in a row (varlen) against each document alone, and against one
// sequence whose decays forget everything where a document begins.

#include "radlads/recurrence/varlen.hpp"
#include "recurrence/scan_case.hpp"
#include "recurrence/scan_reference.hpp"
#include "support/error_of.hpp"
#include "support/gradient_check.hpp"
#include "support/tolerance.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace radlads::test {
namespace varlen_test {

template <class Cell>
class varlen : public testing::Test {
 public:
  cpu_backend backend{{.threads = 2, .poison = true}};
};
using cells = testing::Types<recurrence::rwkv7, recurrence::gla, recurrence::rwkv6,
                             recurrence::gated_deltanet, recurrence::kda, recurrence::mamba2>;
TYPED_TEST_SUITE(varlen, cells);

constexpr std::int64_t H = 2, K = 5, V = 6;
// Neighbours of one length, one token, none, and more than two segments.
const std::vector<std::int64_t> lengths{5, 16, 16, 1, 33, 0, 7};

template <class S>
void append(const std::vector<S>& from, std::vector<S>& to) {
  to.insert(to.end(), from.begin(), from.end());
}

/// The documents, each a case of its own, and all of them in one row.
template <class Cell, class S>
struct varlen_case {
  std::vector<scan_data<Cell, double>> documents;
  scan_data<Cell, S> row;
  std::vector<S> initial, dfinal;  // (documents, H, K, V)

  explicit varlen_case(const std::vector<std::int64_t>& given)
      : row{{1, 0, H, K, V}, {}, {}, {}, {}, {}} {
    for (std::size_t i = 0; i < given.size(); ++i) {
      documents.push_back(make_case<Cell>({1, given[i], H, K, V}, 100 + i));
      const auto each = convert<S>(documents.back());
      for (std::size_t j = 0; j < each.inputs.size(); ++j) append(each.inputs[j], row.inputs[j]);
      append(each.v, row.v);
      append(each.dy, row.dy);
      append(each.initial, initial);
      append(each.dfinal, dfinal);
      row.sizes.T += given[i];
    }
  }
};

template <class Cell, class S>
struct varlen_run {
  cpu_backend& b;
  std::vector<std::int64_t> given;
  varlen_case<Cell, S> data;
  scan_tensors<Cell, S> at;
  tensor<S, 4, cpu_backend> initial, final_states, dfinal, dinitial;
  tensor<S, 1, cpu_backend> checkpoints;

  explicit varlen_run(cpu_backend& backend, const std::vector<std::int64_t>& of = lengths)
      : b(backend), given(of), data(of), at(backend, with_states(data.row)) {
    const shape<4> states{static_cast<std::int64_t>(given.size()), H, K, V};
    initial = make_tensor(b, states, data.initial);
    dfinal = make_tensor(b, states, data.dfinal);
    final_states.resize(b, states);
    dinitial.resize(b, states);
    checkpoints.resize(b, {recurrence::varlen_checkpoint_size(given, H, K, V)});
  }
  static scan_data<Cell, S> with_states(scan_data<Cell, S> row) {
    row.initial.assign(static_cast<std::size_t>(H * K * V), S(0));
    row.dfinal = row.initial;
    return row;
  }
  void forward() {
    recurrence::scan_forward_varlen<Cell, S>(b, given, at.input_views(), at.v, at.y, initial,
                                             final_states, checkpoints);
  }
  void backward() {
    recurrence::scan_backward_varlen<Cell, S>(b, given, at.input_views(), at.v, checkpoints, at.dy,
                                              dfinal, at.dinput_views(), at.dv, dinitial);
  }
};

/// Outputs, final states and gradients of a run against the reference of each document alone.
template <class Cell>
void expect_each_document_alone(const varlen_run<Cell, double>& run) {
  std::vector<double> y, final_states, v, initial;
  std::array<std::vector<double>, Cell::inputs> inputs;
  for (const auto& document : run.data.documents) {
    const auto expected = run_reference(document);
    append(expected.y, y);
    append(expected.final_state, final_states);
    if (document.sizes.T == 0) {
      append(document.dfinal, initial);  // the state goes through
      continue;
    }
    const auto gradients = run_chunkwise_backward(document);
    for (std::size_t i = 0; i < inputs.size(); ++i) append(gradients.inputs[i], inputs[i]);
    append(gradients.v, v);
    append(gradients.initial, initial);
  }
  EXPECT_LT(relative_error(values_of(run.at.y), y), order_tolerance<double>);
  EXPECT_LT(relative_error(values_of(run.final_states), final_states), order_tolerance<double>);
  EXPECT_LT(relative_error(values_of(run.at.dv), v), gradient_tolerance);
  if (!run.dinitial.empty()) {
    EXPECT_LT(relative_error(values_of(run.dinitial), initial), gradient_tolerance);
  }
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    EXPECT_LT(relative_error(values_of(run.at.dinputs[i]), inputs[i]), gradient_tolerance)
        << "input " << Cell::names[i];
  }
}

TYPED_TEST(varlen, is_each_document_alone) {
  varlen_run<TypeParam, double> run(this->backend);
  run.forward();
  run.backward();
  expect_each_document_alone(run);
}

// Three documents of five tokens have three segments; counted over their fifteen tokens they would
// have one, and those behind them would lie among theirs.
TYPED_TEST(varlen, checkpoints_are_those_of_each_document) {
  const std::vector<std::int64_t> fives{5, 5, 5}, more{5, 5, 5, 7, 20, 20, 20, 9};
  varlen_run<TypeParam, double> run(this->backend, fives), longer(this->backend, more);
  EXPECT_EQ(run.checkpoints.size(), 3 * H * K * V);
  EXPECT_EQ(longer.checkpoints.size(), (3 + 1 + 3 * 2 + 1) * H * K * V);
  for (auto* each : {&run, &longer}) {
    each->forward();
    each->backward();
    expect_each_document_alone(*each);
  }
}

// A document begins with a state of zero, whatever the one before it left, also where their final
// states are asked for.
TYPED_TEST(varlen, no_state_passes_to_the_next_document) {
  for (const std::vector<std::int64_t>& given : {std::vector<std::int64_t>{5, 5, 5}, lengths}) {
    varlen_run<TypeParam, double> run(this->backend, given);
    run.initial.release();
    run.dinitial.release();
    for (auto& document : run.data.documents) document.initial.assign(H * K * V, 0);
    run.forward();
    run.backward();
    expect_each_document_alone(run);
  }
}

TYPED_TEST(varlen, in_float_without_states_or_checkpoints) {
  varlen_run<TypeParam, float> run(this->backend);
  recurrence::scan_forward_varlen<TypeParam, float>(this->backend, lengths, run.at.input_views(),
                                                    run.at.v, run.at.y, {}, {}, {});
  std::vector<double> y;
  for (auto document : run.data.documents) {
    document.initial.assign(document.initial.size(), 0);
    append(run_reference(document).y, y);
  }
  EXPECT_LT(relative_error(values_of(run.at.y), y), order_tolerance<float>);
}

TEST(varlen_documents, are_one_sequence_that_forgets_where_a_document_begins) {
  cpu_backend b({.threads = 2, .poison = true});
  varlen_run<recurrence::gla, double> run(b);
  recurrence::scan_forward_varlen<recurrence::gla, double>(b, lengths, run.at.input_views(),
                                                           run.at.v, run.at.y, {}, {}, {});
  auto whole = varlen_run<recurrence::gla, double>::with_states(run.data.row);
  std::int64_t token = 0;
  for (const std::int64_t length : lengths) {
    if (length > 0) {
      for (std::int64_t i = 0; i < H * K; ++i)
        whole.inputs[recurrence::gla::decay][static_cast<std::size_t>(token * H * K + i)] = -800;
    }
    token += length;
  }
  EXPECT_LT(relative_error(values_of(run.at.y), run_reference(whole).y), order_tolerance<double>);
}

TEST(varlen_documents, say_what_does_not_fit) {
  cpu_backend b({.threads = 1});
  varlen_run<recurrence::gla, double> run(b);
  const auto forward = [&](const std::vector<std::int64_t>& given, auto checkpoints) {
    return error_of([&] {
      recurrence::scan_forward_varlen<recurrence::gla, double>(
          b, given, run.at.input_views(), run.at.v, run.at.y, {}, {}, checkpoints);
    });
  };
  EXPECT_EQ(forward({5, 16}, view<double, 1>()),
            "scan_forward_varlen: v is (1, 78, 2, 6), expected one row of the 21 tokens that 2 "
            "documents have");
  EXPECT_EQ(forward({80, -2}, view<double, 1>()), "scan_forward_varlen: document 1 has -2 tokens");
  tensor<double, 1, cpu_backend> few(b, {60});
  EXPECT_NE(forward(lengths, few.whole()).find("checkpoints"), std::string::npos);
  auto shared = run.at.dinput_views();
  shared[0].strides[1] = 0;
  const std::string said = error_of([&] {
    recurrence::scan_backward_varlen<recurrence::gla, double>(b, lengths, run.at.input_views(),
                                                              run.at.v, run.checkpoints, run.at.dy,
                                                              {}, shared, run.at.dv, {});
  });
  EXPECT_NE(said.find("has one row for all tokens, but 7 documents each overwrite it"),
            std::string::npos)
      << said;
}

TEST(varlen_documents, of_one_length_run_at_once) {
  std::vector<std::int64_t> groups;
  recurrence::for_each_varlen_group(lengths, [&](const recurrence::varlen_group& each) {
    groups.insert(groups.end(), {each.document, each.documents, each.token, each.segment});
  });
  const std::vector<std::int64_t> expected{0, 1, 0,  0, 1, 2, 5,  1, 3, 1, 37, 3,
                                           4, 1, 38, 4, 5, 1, 71, 7, 6, 1, 71, 7};
  EXPECT_EQ(groups, expected);
}

}  // namespace varlen_test
}  // namespace radlads::test
