// SPDX-License-Identifier: Apache-2.0
#include "radlads/data/token_stream.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace radlads::data {
namespace token_stream_test {

using token_stream_test = test::temporary_directory;
using ids = std::vector<std::int32_t>;
using offsets = std::vector<std::int64_t>;

ids bytes_of(std::string_view text) {
  if (text.starts_with('!')) fail("cannot encode ", text);
  return ids(text.begin(), text.end());
}

ids all(const token_stream& stream) {
  ids out(static_cast<std::size_t>(stream.size()));
  stream.copy(0, stream.size(), out.data());
  return out;
}

TEST_F(token_stream_test, lays_documents_end_to_end) {
  const std::vector<std::string> documents = {"ab", "", "c"};
  const token_stream stream = token_stream::from_documents(documents, bytes_of, 1);
  EXPECT_EQ(all(stream), (ids{'a', 'b', 'c'}));
  EXPECT_EQ(stream.document_offsets(), (offsets{0, 2, 2, 3}));
  ids out(2);
  stream.copy(1, 2, out.data());
  EXPECT_EQ(out, (ids{'b', 'c'}));
  const token_stream empty = token_stream::from_documents({}, bytes_of, 2);
  EXPECT_EQ(empty.size(), 0);
  EXPECT_EQ(empty.document_offsets(), offsets{0});
}

TEST_F(token_stream_test, does_not_depend_on_the_number_of_threads) {
  std::vector<std::string> documents;
  ids expected;
  for (int i = 0; i < 1000; ++i) {
    documents.push_back(std::to_string(i * i));
    for (const char c : documents.back()) expected.push_back(c);
  }
  for (const int threads : {1, 2, 7}) {
    EXPECT_EQ(all(token_stream::from_documents(documents, bytes_of, threads)), expected);
  }
  EXPECT_THROW(token_stream::from_documents(documents, bytes_of, 0), error);
}

TEST_F(token_stream_test, tells_how_many_bytes_are_done) {
  const std::vector<std::string> documents = {"ab", "c", "def"};
  for (const int threads : {1, 3}) {
    std::vector<std::size_t> told;
    token_stream::from_documents(documents, bytes_of, threads,
                                 [&](std::size_t bytes) { told.push_back(bytes); });
    EXPECT_TRUE(std::is_sorted(told.begin(), told.end()));
    EXPECT_EQ(told.back(), 6u);
  }
}

TEST_F(token_stream_test, gives_each_thread_an_encoder_of_its_own) {
  // Counts its own texts: shared between threads, the counts would not add up.
  struct counting {
    std::int32_t texts = 0;
    std::vector<std::int32_t> operator()(std::string_view) { return {++texts}; }
  };
  const std::vector<std::string> documents(2000, "x");
  for (const int threads : {1, 4}) {
    const auto stream = token_stream::from_documents(documents, counting(), threads);
    ids given(2000);
    stream.copy(0, 2000, given.data());
    const auto threads_seen = std::count(given.begin(), given.end(), 1);
    EXPECT_GE(threads_seen, 1);
    EXPECT_LE(threads_seen, threads);
    for (const std::int32_t id : given)
      EXPECT_LE(std::count(given.begin(), given.end(), id), threads_seen);
  }
}

TEST_F(token_stream_test, the_first_failure_in_order_is_thrown) {
  std::vector<std::string> documents(500, "x");
  documents[300] = "!b";
  documents[20] = "!a";
  for (const int threads : {1, 4}) {
    EXPECT_EQ(test::error_of([&] { token_stream::from_documents(documents, bytes_of, threads); }),
              "cannot encode !a");
  }
}

TEST_F(token_stream_test, mapped_files_read_like_memory) {
  const std::vector<ids> documents = {{1, 2, 3}, {4}};
  binidx_writer writer(path("x"), 100);
  for (const ids& document : documents) writer.append(document);
  writer.commit();
  const token_stream memory = token_stream::from_ids(documents);
  token_stream opened = token_stream::from_binidx(path("x"));
  const token_stream mapped = std::move(opened);
  EXPECT_EQ(mapped.size(), 4);
  EXPECT_EQ(all(mapped), all(memory));
  EXPECT_EQ(mapped.document_offsets(), memory.document_offsets());
}

TEST_F(token_stream_test, parts_outside_are_refused) {
  const std::vector<ids> documents = {{1, 2, 3}};
  const token_stream stream = token_stream::from_ids(documents);
  ids out(4);
  EXPECT_TRUE(test::says(test::error_of([&] { stream.copy(1, 3, out.data()); }),
                         {"3 tokens from 1 on", "outside the 3"}));
  EXPECT_THROW(stream.copy(-1, 1, out.data()), error);
  EXPECT_THROW(stream.copy(0, -1, out.data()), error);
  EXPECT_NO_THROW(stream.copy(3, 0, out.data()));
}

}  // namespace token_stream_test
}  // namespace radlads::data
