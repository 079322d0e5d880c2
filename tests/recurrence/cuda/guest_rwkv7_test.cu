// SPDX-License-Identifier: Apache-2.0
// RWKV-7 on the caller's stream and memory: the scratch it says beforehand is what it takes, no
// call allocates, and two backends on two streams compute what one after the other does.
#include "radlads/cuda.cuh"
#include "radlads/recurrence/rwkv7.hpp"
#include "radlads/recurrence/scan.hpp"
#include "support/cuda_guest.cuh"
#include "support/gradient_check.hpp"

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace radlads::test {
namespace guest_rwkv7_test {

using cell = recurrence::rwkv7;
constexpr std::size_t values = cell::inputs;  // v comes after the cell's own inputs
constexpr std::size_t parts = cell::inputs + 1;

/// Forward and backward on memory that belongs to no backend. Inputs are interleaved, (B, T, 6, H,
/// K): r, log w, k, a, b and v of a token beside each other, and so are their gradients.
template <class T>
class call {
 public:
  call(const shape<4>& sizes, std::uint64_t seed)
      : sizes_(sizes),
        in_(interleaved(sizes, seed)),
        dy_(rounded(random_values(count(sizes), seed + 50))),
        y_(static_cast<std::size_t>(count(sizes))),
        din_(parts * static_cast<std::size_t>(count(sizes))),
        checkpoints_(static_cast<std::size_t>(count(checkpoint_sizes()))) {}

  void run(cuda_backend& b) const { run_at(b, in_.data(), checkpoints_.data()); }
  /// As if the memory were elsewhere.
  void run_at(cuda_backend& b, T* in, accumulate_t<T>* states) const {
    const view<accumulate_t<T>, 4, device_space> checkpoints(states, checkpoint_sizes());
    std::array<view<const T, 4, device_space>, cell::inputs> inputs;
    std::array<view<T, 4, device_space>, cell::inputs> dinputs;
    for (std::size_t i = 0; i < cell::inputs; ++i) {
      inputs[i] = part(in, i);
      dinputs[i] = part(din_.data(), i);
    }
    const view<T, 4, device_space> y(y_.data(), sizes_);
    const view<const T, 4, device_space> dy(dy_.data(), sizes_);
    recurrence::scan_forward<cell, T>(b, inputs, part(in, values), y, {}, {}, checkpoints);
    recurrence::scan_backward<cell, T>(b, inputs, part(in, values), checkpoints, dy, {}, dinputs,
                                       part(din_.data(), values), {});
  }

  void poison() {
    y_.poison();
    din_.poison();
    checkpoints_.poison();
  }
  /// y and all gradients, byte for byte.
  std::vector<unsigned char> results() const {
    std::vector<unsigned char> all = y_.bytes();
    const std::vector<unsigned char> gradients = din_.bytes();
    all.insert(all.end(), gradients.begin(), gradients.end());
    return all;
  }
  bool is_untouched() const {
    for (const unsigned char each : results()) {
      if (each != 0xff) return false;
    }
    return true;
  }
  /// What a backend with a stream and memory of its own computes.
  std::vector<unsigned char> expected() {
    cuda_backend b;
    run(b);
    b.synchronize();
    const std::vector<unsigned char> found = results();
    poison();
    return found;
  }

 private:
  static std::int64_t count(const shape<4>& s) { return s[0] * s[1] * s[2] * s[3]; }
  static std::vector<T> rounded(const std::vector<double>& from) {
    std::vector<T> result(from.size());
    for (std::size_t i = 0; i < from.size(); ++i)
      result[i] = static_cast<T>(static_cast<accumulate_t<T>>(from[i]));
    return result;
  }
  static std::vector<T> interleaved(const shape<4>& s, std::uint64_t seed) {
    const auto width = static_cast<std::size_t>(s[2] * s[3]);
    std::vector<double> all = random_values(count(s) * static_cast<std::int64_t>(parts), seed);
    for (std::size_t i = 0; i < all.size(); ++i) {
      const std::size_t input = i / width % parts;
      if (input == cell::w) {
        all[i] = -0.6 / (1 + std::exp(all[i]));
      } else if (input != values) {
        all[i] /= std::sqrt(static_cast<double>(s[3]));
      }
    }
    return rounded(all);
  }
  shape<4> checkpoint_sizes() const {
    return recurrence::checkpoint_shape(sizes_[0], sizes_[1], sizes_[2], sizes_[3], sizes_[3]);
  }
  view<T, 4, device_space> part(T* from, std::size_t i) const {
    const std::int64_t width = sizes_[2] * sizes_[3];
    const std::int64_t token = static_cast<std::int64_t>(parts) * width;
    return {from + static_cast<std::int64_t>(i) * width,
            sizes_,
            {sizes_[1] * token, token, sizes_[3], 1}};
  }

  shape<4> sizes_;
  foreign_memory<T> in_, dy_, y_, din_;
  foreign_memory<accumulate_t<T>> checkpoints_;
};

class cuda_guest_rwkv7 : public cuda_guest {};

template <class T>
void expect_scratch_is_what_it_says(const shape<4>& sizes) {
  const std::string name = to_string<4>(sizes);
  call<T> work(sizes, 1);
  const std::vector<unsigned char> expected = work.expected();
  const foreign_stream stream;
  cuda_backend b(cuda_resources{.stream = stream.handle});
  const std::size_t bytes = b.scratch_bytes([&] { work.run(b); });
  ASSERT_GT(bytes, 0u) << name;
  EXPECT_TRUE(work.is_untouched()) << name;
  // The answer is the same before there is memory.
  const auto nowhere = std::uintptr_t{1} << 40;
  EXPECT_EQ(b.scratch_bytes([&] {
    work.run_at(b, reinterpret_cast<T*>(nowhere), reinterpret_cast<accumulate_t<T>*>(nowhere));
  }),
            bytes)
      << name;

  const foreign_memory<std::byte> scratch(bytes);
  b.lend_scratch(scratch.data(), bytes);
  work.run(b);
  EXPECT_EQ(work.results(), expected) << name;
  EXPECT_EQ(b.allocated_bytes(), 0u) << name;
  b.lend_scratch(scratch.data(), bytes - 64);
  EXPECT_THROW(work.run(b), out_of_memory) << name;
}

TEST_F(cuda_guest_rwkv7, says_how_much_scratch_it_takes) {
  expect_scratch_is_what_it_says<float>({2, 40, 3, 32});
  // By two passes and by one, on GPUs of about 132 multiprocessors.
  expect_scratch_is_what_it_says<bf16>({2, 40, 3, 64});
}

template <class T>
void expect_no_allocation(const shape<4>& sizes) {
  const std::string name = to_string<4>(sizes);
  call<T> work(sizes, 2);
  const std::vector<unsigned char> expected = work.expected();
  const foreign_stream stream;
  counting_allocator allocator;
  cuda_backend b(cuda_resources{.stream = stream.handle, .allocator = allocator.lend()});
  const std::size_t bytes = b.scratch_bytes([&] { work.run(b); });
  const foreign_memory<std::byte> scratch(bytes + 256);
  b.lend_scratch(scratch.data(), bytes);
  const std::int64_t before = b.allocations();
  const captured_nodes nodes = nodes_of(stream.handle, [&] { work.run(b); });
  EXPECT_EQ(nodes.memory, 0) << name;
  EXPECT_GE(nodes.work, 2) << name;
  EXPECT_TRUE(work.is_untouched()) << name;
  work.run(b);
  EXPECT_EQ(work.results(), expected) << name;
  EXPECT_EQ(allocator.allocated, 0) << name;
  EXPECT_EQ(b.allocations(), before) << name;
}

TEST_F(cuda_guest_rwkv7, allocates_nothing_inside_a_call) {
  expect_no_allocation<float>({2, 40, 3, 32});
  expect_no_allocation<bf16>({2, 40, 3, 64});
  expect_no_allocation<bf16>({64, 40, 3, 64});
}

TEST_F(cuda_guest_rwkv7, two_streams_at_once_equal_one_after_the_other) {
  call<bf16> first({4, 512, 3, 64}, 3), second({3, 300, 5, 64}, 4);
  call<float> third({2, 200, 2, 64}, 5);
  const std::vector<unsigned char> expected[] = {first.expected(), second.expected(),
                                                 third.expected()};
  const foreign_stream stream_of_a, stream_of_b;
  counting_allocator allocator;
  {
    cuda_backend a(cuda_resources{.stream = stream_of_a.handle, .allocator = allocator.lend()});
    cuda_backend b(cuda_resources{.stream = stream_of_b.handle, .allocator = allocator.lend()});
    for (int round = 0; round < 5; ++round) {
      first.run(a);
      second.run(b);
      third.run(a);
    }
    EXPECT_EQ(first.results(), expected[0]);
    EXPECT_EQ(second.results(), expected[1]);
    EXPECT_EQ(third.results(), expected[2]);
    EXPECT_GT(allocator.allocated, 0);
  }
  // All of the caller's memory is back.
  EXPECT_EQ(allocator.freed, allocator.allocated);
  EXPECT_EQ(allocator.bytes, 0u);
}

}  // namespace guest_rwkv7_test
}  // namespace radlads::test
