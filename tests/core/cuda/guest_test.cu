// SPDX-License-Identifier: Apache-2.0
// A cuda_backend on the caller's stream, handle, memory and device: it takes from these alone and
// leaves the process as it was.
#include "radlads/core/cuda/backend.cuh"
#include "radlads/core/cuda/graph_capture.cuh"
#include "radlads/core/tensor.hpp"
#include "radlads/ops/cuda/embedding.cuh"
#include "radlads/ops/cuda/matmul.cuh"
#include "radlads/ops/cuda/sum_rows.cuh"
#include "support/cuda_guest.cuh"
#include "support/error_of.hpp"
#include "support/gradient_check.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace radlads::test {
namespace guest_test {

class cuda_lent : public cuda_guest {};

/// A layer's gradients and those of a table, on memory that belongs to no backend.
struct products {
  static constexpr std::int64_t N = 600, I = 96, O = 64, vocabulary = 50;
  foreign_memory<float> weight, x, dy, dx, dweight, dbias, dtable;
  foreign_memory<std::int32_t> ids;

  products()
      : weight(normal(O * I, 1)),
        x(normal(N * I, 2)),
        dy(normal(N * O, 3)),
        dx(N * I),
        dweight(normal(O * I, 4)),
        dbias(normal(O, 5)),
        dtable(normal(vocabulary * I, 6)),
        ids(some_ids()) {}

  void run(cuda_backend& b) const {
    ops::linear_backward<float>(b, {weight.data(), {O, I}}, {x.data(), {N, I}}, {dy.data(), {N, O}},
                                {dx.data(), {N, I}}, {dweight.data(), {O, I}}, {dbias.data(), {O}});
    ops::embedding_backward<float>(b, {ids.data(), {N}}, {dx.data(), {N, I}},
                                   {dtable.data(), {vocabulary, I}});
  }
  std::vector<unsigned char> results() const {
    std::vector<unsigned char> all;
    for (const auto* each : {&dx, &dweight, &dbias, &dtable}) {
      const std::vector<unsigned char> bytes = each->bytes();
      all.insert(all.end(), bytes.begin(), bytes.end());
    }
    return all;
  }

 private:
  static std::vector<float> normal(std::int64_t count, std::uint64_t seed) {
    const std::vector<double> from = random_values(count, seed);
    return {from.begin(), from.end()};
  }
  static std::vector<std::int32_t> some_ids() {
    std::vector<std::int32_t> result;
    for (std::int64_t n = 0; n < N; ++n)
      result.push_back(static_cast<std::int32_t>(n * n % vocabulary));
    return result;
  }
};

TEST_F(cuda_lent, products_on_the_callers_handle_are_the_same) {
  const products expected, found;
  {
    cuda_backend b;
    expected.run(b);
    b.synchronize();
  }
  cublasLtHandle_t handle = nullptr;
  require_cublas(cublasLtCreate(&handle), "test: a handle");
  {
    const foreign_stream stream;
    cuda_backend b(cuda_resources{.stream = stream.handle, .cublas = handle});
    EXPECT_EQ(b.cublas(), handle);
    const std::size_t bytes = b.scratch_bytes([&] { found.run(b); });
    EXPECT_GE(bytes, cuda_backend::workspace_bytes);
    const foreign_memory<std::byte> scratch(bytes);
    b.lend_scratch(scratch.data(), bytes);
    found.run(b);
    b.synchronize();
    EXPECT_EQ(found.results(), expected.results());
  }
  // The handle is still the caller's.
  EXPECT_EQ(cublasLtDestroy(handle), CUBLAS_STATUS_SUCCESS);
}

TEST_F(cuda_lent, products_allocate_nothing_inside_a_call) {
  const foreign_stream stream;
  const products work;
  cuda_backend b(cuda_resources{.stream = stream.handle});
  const auto product = [&] {
    ops::matmul<float>(b, {}, {work.x.data(), {products::N, products::I}},
                       {work.weight.data(), {products::I, products::O}},
                       {work.dy.data(), {products::N, products::O}});
  };
  const std::size_t bytes = b.scratch_bytes(product);
  const foreign_memory<std::byte> scratch(bytes);
  b.lend_scratch(scratch.data(), bytes);
  product();  // cuBLASLt loads its kernel
  const captured_nodes nodes = nodes_of(stream.handle, product);
  EXPECT_EQ(nodes.memory, 0);
  EXPECT_GE(nodes.work, 1);
  EXPECT_EQ(b.allocated_bytes(), 0u);
}

TEST_F(cuda_lent, tensors_come_from_the_callers_allocator) {
  const foreign_stream stream;
  counting_allocator allocator;
  {
    cuda_backend b(cuda_resources{.stream = stream.handle, .allocator = allocator.lend()});
    tensor<float, 1, cuda_backend> x(b, {1000});
    EXPECT_EQ(allocator.allocated, 1);
    EXPECT_EQ(allocator.bytes, 4000u);
    set_zero<float, 1, cuda_backend>(b, x);
    b.synchronize();
  }
  EXPECT_EQ(allocator.freed, 1);
  EXPECT_EQ(allocator.bytes, 0u);
}

TEST_F(cuda_lent, the_default_pool_keeps_its_settings) {
  cudaMemPool_t pool{};
  require_cuda(cudaDeviceGetDefaultMemPool(&pool, 0), "test: the default pool");
  std::uint64_t before = 0, set = 12345, found = 0, reserved = 0, reserved_after = 0;
  const auto threshold = cudaMemPoolAttrReleaseThreshold;
  require_cuda(cudaMemPoolGetAttribute(pool, threshold, &before), "test: the default pool");
  require_cuda(cudaMemPoolSetAttribute(pool, threshold, &set), "test: the default pool");
  cudaMemPoolGetAttribute(pool, cudaMemPoolAttrReservedMemCurrent, &reserved);
  {
    cuda_backend own;
    const tensor<float, 1, cuda_backend> x(own, {std::int64_t{1} << 24});
    const foreign_stream stream;
    const cuda_backend lent(cuda_resources{.stream = stream.handle});
    cudaMemPoolGetAttribute(pool, cudaMemPoolAttrReservedMemCurrent, &reserved_after);
  }
  require_cuda(cudaMemPoolGetAttribute(pool, threshold, &found), "test: the default pool");
  require_cuda(cudaMemPoolSetAttribute(pool, threshold, &before), "test: the default pool");
  EXPECT_EQ(found, set);
  EXPECT_EQ(reserved_after, reserved);
}

TEST_F(cuda_lent, restores_the_current_device) {
  int count = 0;
  require_cuda(cudaGetDeviceCount(&count), "test: devices");
  if (count < 2) GTEST_SKIP() << "there is one CUDA device; this needs two";
  require_cuda(cudaSetDevice(1), "test: device 1");
  {
    const foreign_stream stream;
    counting_allocator allocator;
    const products work;
    cuda_backend b(
        cuda_resources{.stream = stream.handle, .device = 1, .allocator = allocator.lend()});
    require_cuda(cudaSetDevice(0), "test: device 0");
    const auto current = [] {
      int device = -1;
      cudaGetDevice(&device);
      return device;
    };
    work.run(b);
    EXPECT_EQ(current(), 0);
    b.synchronize();
    EXPECT_EQ(current(), 0);
    const cuda_backend another(cuda_resources{.stream = stream.handle, .device = 1});
    EXPECT_EQ(current(), 0);
  }
  require_cuda(cudaSetDevice(0), "test: device 0");
}

TEST_F(cuda_lent, knows_that_the_owner_captures_its_stream) {
  const foreign_stream stream;
  counting_allocator allocator;
  cuda_backend b(cuda_resources{.stream = stream.handle, .allocator = allocator.lend()});
  EXPECT_FALSE(b.is_capturing());
  nodes_of(stream.handle, [&] {
    EXPECT_TRUE(b.is_capturing());
    EXPECT_THROW(b.allocate(100), not_capturable);
    EXPECT_THROW(b.synchronize(), not_capturable);
  });
  EXPECT_FALSE(b.is_capturing());
  EXPECT_EQ(allocator.allocated, 0);
}

TEST_F(cuda_lent, works_on_the_default_stream_without_graphs) {
  cuda_backend b(cuda_resources{.stream = nullptr});
  const foreign_memory<float> to(4);
  graph_capture<cuda_backend> work;
  for (int round = 0; round < 4; ++round) {
    work.run(b, {}, [&] { b.set_zero(to.data(), 4 * sizeof(float)); });
  }
  EXPECT_EQ(work.replays(), 0);
  EXPECT_EQ(to.bytes(), std::vector<unsigned char>(16, 0));
}

TEST_F(cuda_lent, says_what_is_missing) {
  const foreign_stream stream;
  const auto has = [](const std::string& message, const char* part) {
    EXPECT_NE(message.find(part), std::string::npos) << message;
  };
  counting_allocator allocator;
  cuda_allocator half = allocator.lend();
  half.deallocate = nullptr;
  has(error_of([&] { cuda_backend b(cuda_resources{.stream = stream.handle, .allocator = half}); }),
      "an allocator has both functions");
  has(error_of([&] { cuda_backend b(cuda_resources{.stream = stream.handle, .device = 1000}); }),
      "there is no device 1000");
  cuda_backend b(cuda_resources{.stream = stream.handle});
  has(error_of([&] { b.allocate(100); }), "it was lent no allocator, and 0 bytes of scratch");
  const foreign_memory<std::byte> scratch(1024);
  has(error_of([&] { b.lend_scratch(scratch.data() + 64, 512); }),
      "must begin at a multiple of 256 bytes");
  has(error_of([&] { b.scratch_bytes([&] { b.allocate(100); }); }),
      "what scratch_bytes measures allocates no memory");
  EXPECT_FALSE(b.is_measuring());
}

}  // namespace guest_test
}  // namespace radlads::test
