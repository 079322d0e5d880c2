// SPDX-License-Identifier: Apache-2.0
// Views of other libraries' memory, as docs/guest.md shows them: std::span, Eigen::Map, DLPack.
// What the page shows is what is compiled here.

#include "radlads/core/backend.hpp"
#include "radlads/core/view.hpp"
#include "radlads/cpu.hpp"
#include "radlads/ops/matmul.hpp"
#include "support/error_of.hpp"

#include <Eigen/Core>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

namespace foreign_views_test {

// Of dlpack.h, what the page needs.
enum DLDeviceType { kDLCPU = 1, kDLCUDA = 2 };
enum DLDataTypeCode : std::uint8_t { kDLInt = 0, kDLFloat = 2, kDLBfloat = 4 };
struct DLDevice {
  DLDeviceType device_type;
  std::int32_t device_id;
};
struct DLDataType {
  std::uint8_t code, bits;
  std::uint16_t lanes;
};
struct DLTensor {
  void* data;
  DLDevice device;
  std::int32_t ndim;
  DLDataType dtype;
  std::int64_t *shape, *strides;
  std::uint64_t byte_offset;
};

template <class T, int Rank, class Space>
radlads::view<T, Rank, Space> view_of(const DLTensor& x, DLDataType scalar) {
  constexpr bool is_host = std::is_same_v<Space, radlads::host_space>;
  radlads::require(x.ndim == Rank && x.dtype.code == scalar.code && x.dtype.bits == scalar.bits &&
                       x.dtype.lanes == 1 && 8 * sizeof(T) == scalar.bits &&
                       x.device.device_type == (is_host ? kDLCPU : kDLCUDA),
                   "view_of: the tensor has another rank, scalar or device");
  T* const data = reinterpret_cast<T*>(static_cast<std::byte*>(x.data) + x.byte_offset);
  radlads::shape<Rank> sizes, strides;
  std::copy_n(x.shape, Rank, sizes.begin());
  if (x.strides == nullptr) return {data, sizes};
  std::copy_n(x.strides, Rank, strides.begin());
  return {data, sizes, strides};
}

TEST(foreign_views, of_a_span) {
  std::vector<float> weights{1, 2, 3};
  radlads::view<const float, 1> x = std::span(weights);
  radlads::view<float, 2> rows(weights.data(), {3, 1});
  EXPECT_EQ(x.data(), weights.data());
  EXPECT_EQ(x.extent(0), 3);
  EXPECT_EQ(rows(2, 0), 3);
}

TEST(foreign_views, of_eigen_maps) {
  // (rows, columns) inside rows of 8, and a matrix whose columns are contiguous: its transpose.
  std::vector<float> memory(40);
  for (std::size_t i = 0; i < memory.size(); ++i) memory[i] = static_cast<float>(i);
  using rows_of_8 = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  Eigen::Map<rows_of_8, 0, Eigen::OuterStride<>> m(memory.data(), 5, 3, Eigen::OuterStride<>(8));
  radlads::view<float, 2> x(m.data(), {m.rows(), m.cols()}, {m.outerStride(), 1});

  Eigen::MatrixXf columns = Eigen::MatrixXf::Random(4, 6);  // column-major: a view of the transpose
  radlads::view<float, 2> transposed(columns.data(), {columns.cols(), columns.rows()});
  for (int i = 0; i < 5; ++i) {
    for (int j = 0; j < 3; ++j) EXPECT_EQ(&x(i, j), &m(i, j));
  }
  for (int i = 0; i < 4; ++i) {
    for (int j = 0; j < 6; ++j) EXPECT_EQ(&transposed(j, i), &columns(i, j));
  }
  // An operation reads and writes Eigen's memory.
  radlads::cpu_backend b({.threads = 1});
  const Eigen::MatrixXf right = Eigen::MatrixXf::Random(3, 2);
  rows_of_8 product(5, 2);
  radlads::ops::matmul<float>(b, {.transpose_b = true}, x, {right.data(), {2, 3}},
                              {product.data(), {5, 2}});
  EXPECT_LT((product - m * right).norm(), 1e-5f);
}

TEST(foreign_views, of_dlpack_tensors) {
  std::vector<double> memory(100);
  std::int64_t sizes[] = {2, 3, 4}, strides[] = {40, 10, 1};
  const DLDataType float64{kDLFloat, 64, 1};
  DLTensor x{memory.data(), {kDLCPU, 0}, 3, float64, sizes, strides, 2 * sizeof(double)};
  const auto found = view_of<double, 3, radlads::host_space>(x, float64);
  EXPECT_EQ(&found(1, 2, 3), memory.data() + 2 + 40 + 20 + 3);
  x.strides = nullptr;
  EXPECT_TRUE((view_of<double, 3, radlads::host_space>(x, float64).is_dense()));
  const std::string refusal = "view_of: the tensor has another rank, scalar or device";
  const auto refused = [&](const DLTensor& each) {
    return radlads::test::error_of([&] { view_of<double, 3, radlads::host_space>(each, float64); });
  };
  for (int mistake = 0; mistake < 4; ++mistake) {
    DLTensor other = x;
    if (mistake == 0) other.ndim = 2;
    if (mistake == 1) other.dtype = {kDLInt, 64, 1};
    if (mistake == 2) other.dtype = {kDLFloat, 32, 1};
    if (mistake == 3) other.device = {kDLCUDA, 0};
    EXPECT_EQ(refused(other), refusal) << mistake;
  }
}

std::string text_of(const std::string& path) {
  std::ifstream file(std::string(RADLADS_SOURCE_DIR) + "/" + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string without_space(const std::string& text) {
  std::string result;
  std::copy_if(text.begin(), text.end(), std::back_inserter(result),
               [](unsigned char each) { return std::isspace(each) == 0; });
  return result;
}

TEST(foreign_views, what_the_page_shows_is_compiled) {
  const std::string page = text_of("docs/guest.md");
  const std::string compiled =
      without_space(text_of("tests/core/foreign_views_test.cpp") + text_of("examples/05_guest.cu"));
  int shown = 0;
  for (std::size_t at = page.find("```cpp\n"); at != std::string::npos; ++shown) {
    const std::size_t begin = at + 7, end = page.find("```", begin);
    const std::string snippet = page.substr(begin, end - begin);
    EXPECT_NE(compiled.find(without_space(snippet)), std::string::npos) << snippet;
    at = page.find("```cpp\n", end);
  }
  EXPECT_EQ(shown, 5);
}

}  // namespace foreign_views_test
