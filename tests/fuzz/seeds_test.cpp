// SPDX-License-Identifier: Apache-2.0
// The fuzz targets without a fuzzer: every seed, every file under tests/fuzz/findings, and a
// thousand random changes of the seeds. RADLADS_FUZZ_RUNS sets how many changes each target sees,
// RADLADS_FUZZ_SEED which ones.

#include "fuzz/targets.hpp"
#include "radlads/core/error.hpp"
#include "radlads/files/mapped.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace radlads::fuzz {
namespace seeds_test {

class seeds_test : public test::temporary_directory {
 protected:
  /// Hands bytes to a target; anything but radlads::error is a failure.
  bool survives(const target& t, std::string_view bytes) {
    const std::filesystem::path folder = directory_ / std::string(t.name);
    std::filesystem::create_directories(folder);
    try {
      t.run(bytes, folder);
    } catch (const error&) {
    } catch (const std::exception& other) {
      ADD_FAILURE() << t.name << " threw what is no radlads::error: " << other.what();
      return false;
    }
    return true;
  }
};

std::int64_t setting(const char* name, std::int64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoll(text, nullptr, 10);
}

/// A seed with some bytes changed, removed, repeated or taken from another seed.
std::string changed(const std::vector<std::string>& seeds, std::mt19937_64& random) {
  const auto below = [&](std::size_t n) {
    return n == 0 ? 0 : static_cast<std::size_t>(random() % n);
  };
  std::string bytes = seeds[below(seeds.size())];
  const std::size_t changes = 1 + below(4);
  for (std::size_t i = 0; i < changes && !bytes.empty(); ++i) {
    const std::size_t at = below(bytes.size()), count = 1 + below(8);
    switch (below(6)) {
      case 0:
        bytes[at] = static_cast<char>(random());
        break;
      case 1:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8)));
        break;
      case 2:
        bytes.erase(at, count);
        break;
      case 3:
        bytes.insert(at, bytes.substr(at, count));
        break;
      case 4:
        bytes.replace(at, count, std::string(count, random() % 2 == 0 ? '\xff' : '\0'));
        break;
      default: {
        const std::string& other = seeds[below(seeds.size())];
        bytes.replace(at, count, other.substr(below(other.size()), count));
      }
    }
  }
  return bytes;
}

TEST_F(seeds_test, seeds_and_findings_are_read_or_refused) {
  for (const target& t : all_targets()) {
    for (const std::string& seed : t.seeds()) EXPECT_TRUE(survives(t, seed));
    const std::filesystem::path findings =
        std::filesystem::path(RADLADS_SOURCE_DIR) / "tests/fuzz/findings" / std::string(t.name);
    if (!std::filesystem::exists(findings)) continue;
    for (const auto& entry : std::filesystem::directory_iterator(findings)) {
      EXPECT_TRUE(survives(t, files::mapped_file::open(entry.path()).text())) << entry.path();
    }
  }
}

TEST_F(seeds_test, the_first_seed_of_each_target_is_valid) {
  for (const target& t : all_targets()) {
    const std::filesystem::path folder = directory_ / std::string(t.name);
    std::filesystem::create_directories(folder);
    EXPECT_NO_THROW(t.run(t.seeds()[0], folder)) << t.name;
  }
}

TEST_F(seeds_test, changed_seeds_are_read_or_refused) {
  const std::int64_t runs = setting("RADLADS_FUZZ_RUNS", 1000);
  for (const target& t : all_targets()) {
    std::mt19937_64 random(static_cast<std::uint64_t>(setting("RADLADS_FUZZ_SEED", 1)));
    std::vector<std::string> seeds;
    // Deep and long seeds only cost time here: what they show, the first test shows.
    for (std::string& seed : t.seeds()) {
      if (seed.size() < 20000) seeds.push_back(std::move(seed));
    }
    for (std::int64_t i = 0; i < runs; ++i) {
      const std::string bytes = changed(seeds, random);
      if (survives(t, bytes)) continue;
      put("finding", bytes);
      FAIL() << t.name << ", change " << i << ": " << bytes.substr(0, 2000);
    }
  }
}

}  // namespace seeds_test
}  // namespace radlads::fuzz
