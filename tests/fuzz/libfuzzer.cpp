// SPDX-License-Identifier: Apache-2.0
// One target under libFuzzer: RADLADS_FUZZ_TARGET names it, and RADLADS_FUZZ_RUN and
// RADLADS_FUZZ_BEGIN are its functions, so that no other reader is linked. With
// RADLADS_FUZZ_SEEDS=DIR in the environment the program writes its seeds there first.

#include "fuzz/seeds.hpp"
#include "fuzz/targets.hpp"
#include "radlads/core/error.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

namespace {

std::filesystem::path own_folder() {
  const std::filesystem::path shared = "/dev/shm";
  const std::filesystem::path base =
      std::filesystem::exists(shared) ? shared : std::filesystem::temp_directory_path();
  const std::filesystem::path folder = base / ("radlads-fuzz-" + std::string(RADLADS_FUZZ_TARGET) +
                                               "-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  return folder;
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  const char* place = std::getenv("RADLADS_FUZZ_SEEDS");
  if (place == nullptr) return 0;
  std::filesystem::create_directories(place);
  int number = 0;
  for (const std::string& seed : radlads::fuzz::RADLADS_FUZZ_BEGIN()) {
    std::ofstream(std::filesystem::path(place) / std::to_string(number++), std::ios::binary)
        << seed;
  }
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::filesystem::path folder = own_folder();
  try {
    radlads::fuzz::RADLADS_FUZZ_RUN({reinterpret_cast<const char*>(data), size}, folder);
  } catch (const radlads::error&) {  // a refusal is what hostile bytes deserve
  }
  return 0;
}
