// SPDX-License-Identifier: Apache-2.0
#include "radlads/data/binidx.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace radlads::data {
namespace binidx_test {

using ids = std::vector<std::int32_t>;
using offsets = std::vector<std::int64_t>;
using strings = std::vector<std::string>;

/// Numbers of a file as little-endian bytes, written without the library.
std::string little(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 0xff);
  return text;
}

std::string index_of(int type, const ids& lengths, const offsets& starts, const offsets& docs) {
  std::string text = std::string("MMIDIDX\0\0", 9) + little(1, 8) +
                     little(static_cast<std::uint64_t>(type), 1) + little(lengths.size(), 8) +
                     little(docs.size(), 8);
  for (const auto x : lengths) text += little(static_cast<std::uint32_t>(x), 4);
  for (const auto x : starts) text += little(static_cast<std::uint64_t>(x), 8);
  for (const auto x : docs) text += little(static_cast<std::uint64_t>(x), 8);
  return text;
}

class binidx_test : public test::temporary_directory {
 protected:
  ids read_all(const std::string& name) const {
    const binidx_file file = binidx_file::open(path(name));
    ids out(static_cast<std::size_t>(file.tokens()));
    file.copy(0, file.tokens(), out.data());
    return out;
  }
  std::string refusal(const std::string& idx, const std::string& bin) const {
    put("x.idx", idx);
    put("x.bin", bin);
    return test::error_of([&] { binidx_file::open(path("x")); });
  }
};

TEST_F(binidx_test, the_writer_makes_the_documented_bytes) {
  {
    binidx_writer writer(path("x"), 65536);
    writer.append(ids{1, 2, 65535});
    writer.append(ids{});
    writer.append(ids{4});
    EXPECT_FALSE(std::filesystem::exists(path("x.bin")));
    writer.commit();
  }
  EXPECT_EQ(get("x.bin"), std::string("\1\0\2\0\xff\xff\4\0", 8));
  EXPECT_EQ(get("x.idx"), index_of(8, {3, 0, 1}, {0, 6, 6}, {0, 1, 2, 3}));
  EXPECT_EQ(read_all("x"), (ids{1, 2, 65535, 4}));
  EXPECT_EQ(list(), (strings{"x.bin", "x.idx"}));
}

TEST_F(binidx_test, a_larger_vocabulary_takes_four_bytes) {
  binidx_writer writer(path("y.idx"), 65537);
  writer.append(ids{65536});
  writer.commit();
  EXPECT_EQ(get("y.bin"), std::string("\0\0\1\0", 4));
  EXPECT_EQ(get("y.idx"), index_of(4, {1}, {0}, {0, 1}));
  EXPECT_EQ(read_all("y.bin"), ids{65536});
}

TEST_F(binidx_test, reads_every_integer_type) {
  const struct {
    int type;
    int bytes;
  } types[] = {{1, 1}, {2, 1}, {3, 2}, {4, 4}, {5, 8}, {8, 2}};
  for (const auto& [type, bytes] : types) {
    put("x.idx", index_of(type, {2, 1}, {0, 2 * bytes}, {0, 2}));
    put("x.bin", little(5, bytes) + little(127, bytes) + little(0, bytes));
    EXPECT_EQ(read_all("x"), (ids{5, 127, 0})) << type;
  }
  put("x.idx", index_of(8, {1}, {0}, {0, 1}));
  put("x.bin", little(0xffff, 2));
  EXPECT_EQ(read_all("x"), ids{65535});
}

TEST_F(binidx_test, copies_any_part_and_refuses_what_is_outside) {
  put("x.idx", index_of(8, {4}, {0}, {0, 1}));
  put("x.bin", little(10, 2) + little(11, 2) + little(12, 2) + little(13, 2));
  const binidx_file file = binidx_file::open(path("x"));
  ids out(2);
  file.copy(2, 2, out.data());
  EXPECT_EQ(out, (ids{12, 13}));
  file.copy(4, 0, out.data());
  for (const auto& part : std::vector<std::pair<std::int64_t, std::int64_t>>{
           {3, 2}, {-1, 1}, {5, 0}, {0, -1}, {1, std::numeric_limits<std::int64_t>::max()}}) {
    EXPECT_TRUE(test::says(test::error_of([&] { file.copy(part.first, part.second, out.data()); }),
                           {path("x.bin").string(), "outside the 4"}));
  }
}

TEST_F(binidx_test, ids_that_are_no_ids_are_refused) {
  put("x.idx", index_of(4, {2}, {0}, {0, 1}));
  put("x.bin", little(1, 4) + little(0xffffffff, 4));
  EXPECT_TRUE(test::says(test::error_of([&] { read_all("x"); }), {"token 1", "id -1"}));
  put("x.idx", index_of(5, {1}, {0}, {0, 1}));
  put("x.bin", little(std::uint64_t{1} << 31, 8));
  EXPECT_TRUE(test::says(test::error_of([&] { read_all("x"); }), {"token 0", "id 2147483648"}));
}

TEST_F(binidx_test, documents_are_groups_of_sequences) {
  put("x.bin", std::string(12, '\0'));
  // Three sequences, of which the first two make one document.
  put("x.idx", index_of(8, {1, 2, 3}, {0, 2, 6}, {0, 2, 3}));
  EXPECT_EQ(binidx_file::open(path("x")).document_offsets(), (offsets{0, 3, 6}));
  // Some builders write 0 to n - 1 without the end.
  put("x.idx", index_of(8, {1, 2, 3}, {0, 2, 6}, {0, 1, 2}));
  EXPECT_EQ(binidx_file::open(path("x")).document_offsets(), (offsets{0, 1, 3, 6}));
  // One byte of mode a sequence is allowed behind.
  put("x.idx", index_of(8, {1, 2, 3}, {0, 2, 6}, {0, 3}) + "\1\1\1");
  EXPECT_EQ(binidx_file::open(path("x")).document_offsets(), (offsets{0, 6}));
  // Sequences in another order: the flat stream can be read, its documents cannot be told.
  put("x.idx", index_of(8, {3, 3}, {6, 0}, {0, 1, 2}));
  const binidx_file file = binidx_file::open(path("x"));
  EXPECT_EQ(file.tokens(), 6);
  EXPECT_EQ(file.sequences(), 2);
  EXPECT_EQ(file.sequence_offset(0), 6);
  EXPECT_TRUE(test::says(test::error_of([&] { file.document_offsets(); }), {"sequence 0"}));
}

TEST_F(binidx_test, hostile_indices_are_refused) {
  const std::string good = index_of(8, {2}, {0}, {0, 1});
  const std::string bin(4, '\0');
  EXPECT_TRUE(test::says(refusal("", bin), {"at least 34", "has 0"}));
  EXPECT_TRUE(test::says(refusal("X" + good.substr(1), bin), {"MMIDIDX"}));
  EXPECT_TRUE(test::says(refusal(good.substr(0, 9) + "\2" + good.substr(10), bin), {"version 2"}));
  for (const char type : {'\0', '\6', '\7', '\11', '\377'}) {
    std::string bad = good;
    bad[17] = type;
    EXPECT_TRUE(test::says(refusal(bad, bin), {"token type"}));
  }
  for (std::size_t size = 34; size < good.size(); ++size) {
    EXPECT_TRUE(test::says(refusal(good.substr(0, size), bin), {"do not fill"})) << size;
  }
  EXPECT_TRUE(test::says(refusal(good + "12", bin), {"do not fill"}));
  // 12 n or 8 m alone, or their sum, wraps 64 bits to the true size.
  for (const std::uint64_t huge :
       {~std::uint64_t{0}, std::uint64_t{1} << 62, std::uint64_t{0x1555555555555556}}) {
    EXPECT_TRUE(test::says(refusal(good.substr(0, 18) + little(huge, 8) + good.substr(26), bin),
                           {"do not fill"}));
    EXPECT_TRUE(test::says(refusal(good.substr(0, 26) + little(huge, 8) + good.substr(34), bin),
                           {"do not fill"}));
  }
  EXPECT_TRUE(test::says(refusal(good, "123"), {"x.bin", "3 bytes are not a whole number"}));
  EXPECT_TRUE(test::says(refusal(good, "12"), {"sequence 0 claims 2 tokens", "2 bytes"}));
  EXPECT_TRUE(test::says(refusal(index_of(8, {-1}, {0}, {0, 1}), bin), {"sequence 0"}));
  EXPECT_TRUE(test::says(refusal(index_of(8, {1}, {-2}, {0, 1}), bin), {"sequence 0"}));
  EXPECT_TRUE(test::says(refusal(index_of(8, {1}, {4}, {0, 1}), bin), {"sequence 0"}));
  EXPECT_TRUE(
      test::says(refusal(index_of(8, {1}, {std::numeric_limits<std::int64_t>::max()}, {0, 1}), bin),
                 {"sequence 0"}));
  EXPECT_TRUE(test::says(refusal(index_of(8, {2}, {0}, {0, 2}), bin), {"document 1"}));
  EXPECT_TRUE(test::says(refusal(index_of(8, {2}, {0}, {1, 0}), bin), {"document 1"}));
  EXPECT_TRUE(test::says(refusal(index_of(8, {2}, {0}, {-1, 1}), bin), {"document 0"}));
  EXPECT_TRUE(test::says(test::error_of([&] { binidx_file::open(path("none")); }),
                         {path("none.idx").string(), "No such file"}));
}

TEST_F(binidx_test, the_writer_refuses_ids_outside_the_vocabulary_and_leaves_old_files) {
  put("x.idx", "old");
  put("x.bin", "old");
  {
    binidx_writer writer(path("x"), 10);
    writer.append(ids{9});
    EXPECT_TRUE(test::says(test::error_of([&] {
                             writer.append(ids{1, 10});
                           }),
                           {path("x.bin").string(), "document 1", "id 10", "vocabulary of 10"}));
    EXPECT_THROW(writer.append(ids{-1}), error);
  }
  EXPECT_EQ(get("x.idx"), "old");
  EXPECT_EQ(get("x.bin"), "old");
  EXPECT_EQ(list(), (strings{"x.bin", "x.idx"}));
  EXPECT_THROW(binidx_writer(path("x"), 0), error);
}

}  // namespace binidx_test
}  // namespace radlads::data
