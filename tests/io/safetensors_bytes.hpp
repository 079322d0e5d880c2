// SPDX-License-Identifier: Apache-2.0
#pragma once
// Safetensors files put together by hand, and one written by the format's reference library.

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace radlads::test {

/// A file of the given header text and data, whatever they are.
inline std::string safetensors_bytes(std::string_view header, std::string_view data) {
  const std::uint64_t length = header.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes.append(header).append(data);
}

/// What safetensors 0.6.2 (Python) writes by serialize() for: "z" F32 (2, 2) 1 -2 0.5 3; "b" F16
/// (1) 1.5; "c" BF16 (3) 1 -2 3.140625; "a" F64 (1) 0.1; "n\u00e9\"" I64 () -7; "e" F32 (0, 4);
/// "u" U8 (3) 1 2 255; "k" I32 (1, 1) -3; and the metadata format: pt.
inline std::string reference_safetensors() {
  constexpr char data[] =
      "\xf9\xff\xff\xff\xff\xff\xff\xff\x9a\x99\x99\x99\x99\x99\xb9\x3f\x00\x00\x80\x3f\x00\x00\x00"
      "\xc0\x00\x00\x00\x3f\x00\x00\x40\x40\xfd\xff\xff\xff\x80\x3f\x00\xc0\x49\x40\x00\x3e\x01\x02"
      "\xff";
  return safetensors_bytes(
      "{\"__metadata__\":{\"format\":\"pt\"},"
      "\"n\xc3\xa9\\\"\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[0,8]},"
      "\"a\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[8,16]},"
      "\"e\":{\"dtype\":\"F32\",\"shape\":[0,4],\"data_offsets\":[16,16]},"
      "\"z\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[16,32]},"
      "\"k\":{\"dtype\":\"I32\",\"shape\":[1,1],\"data_offsets\":[32,36]},"
      "\"c\":{\"dtype\":\"BF16\",\"shape\":[3],\"data_offsets\":[36,42]},"
      "\"b\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[42,44]},"
      "\"u\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[44,47]}}  ",
      std::string_view(data, sizeof data - 1));
}

}  // namespace radlads::test
