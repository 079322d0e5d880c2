// SPDX-License-Identifier: Apache-2.0
// Reads "text\n" from the bytes of a .gz and a .zst file; without the libraries decompress would
// throw.

#include <radlads/files/compression.hpp>
#include <string_view>

int main() {
  using namespace std::string_view_literals;
  constexpr std::string_view gzip =
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x2b\x49\xad\x28\xe1\x02\x00\x27\xda\xec\x37\x05\x00\x00\x00"sv;
  constexpr std::string_view zstd = "\x28\xb5\x2f\xfd\x00\x58\x29\x00\x00text\n"sv;
  using radlads::files::compression, radlads::files::decompress;
  const bool is_read = decompress(compression::gzip, gzip, "gzip") == "text\n" &&
                       decompress(compression::zstd, zstd, "zstd") == "text\n";
  return is_read ? 0 : 1;
}
