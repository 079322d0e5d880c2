# SPDX-License-Identifier: Apache-2.0
# Target radlads::zstd where libzstd is: with it, files/zstd.hpp reads texts in .zst files. Used by the project itself
# and by its installed package.

find_path(RADLADS_ZSTD_INCLUDE_DIR zstd.h)
find_library(RADLADS_ZSTD_LIBRARY zstd)
mark_as_advanced(RADLADS_ZSTD_INCLUDE_DIR RADLADS_ZSTD_LIBRARY)

if(RADLADS_ZSTD_INCLUDE_DIR AND RADLADS_ZSTD_LIBRARY AND NOT TARGET radlads::zstd)
  add_library(radlads::zstd INTERFACE IMPORTED GLOBAL)
  set_target_properties(radlads::zstd PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${RADLADS_ZSTD_INCLUDE_DIR}"
    INTERFACE_LINK_LIBRARIES "${RADLADS_ZSTD_LIBRARY}"
    INTERFACE_COMPILE_DEFINITIONS RADLADS_ZSTD)
endif()
