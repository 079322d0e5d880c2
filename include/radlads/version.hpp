// SPDX-License-Identifier: Apache-2.0
#pragma once
// The version, written here and nowhere else: CMake reads these three lines.

namespace radlads {

/// Changes when programs must be changed.
inline constexpr int version_major = 0;
/// Changes when something is added, and below 1.0 also when programs must be changed.
inline constexpr int version_minor = 1;
/// Changes when something is corrected.
inline constexpr int version_patch = 0;

}  // namespace radlads
