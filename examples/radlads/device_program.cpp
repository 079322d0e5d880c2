// SPDX-License-Identifier: Apache-2.0
#include "device_program.hpp"
#include "model.hpp"
#include "program_folder.hpp"
#include "radlads/core/error.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <unistd.h>

namespace radlads::program {

namespace {

/// The value of the last --device, or this program's own device.
std::string_view named_device(int argc, char** argv) {
  constexpr std::string_view option = "--device";
  std::string_view device = device_name;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == option && i + 1 < argc) device = argv[i + 1];
    if (argument.starts_with(option) && argument.substr(option.size()).starts_with("=")) {
      device = argument.substr(option.size() + 1);
    }
  }
  return device;
}

}  // namespace

void become_device_program(int argc, char** argv) {
  const std::string_view device = named_device(argc, argv);
  // Any other word is for the option's own check to refuse.
  if (device == device_name || (device != "cpu" && device != "cuda")) return;
  std::error_code code;
  const std::filesystem::path other =
      program_folder() / (device == "cpu" ? "radlads" : "radlads-cuda");
  require(std::filesystem::exists(other, code), "--device ", device, " needs the program ",
          other.string(),
          ", which is not there; it is built with -DRADLADS_CUDA=ON where nvcc is "
          "installed");
  ::execv(other.c_str(), argv);
  fail("cannot run ", other.string(), ": ", std::strerror(errno));
}

}  // namespace radlads::program
