# SPDX-License-Identifier: Apache-2.0
# Target radlads::zlib where zlib is: with it, files/gzip.hpp reads texts in .gz files. Used by the project itself and
# by its installed package.

find_path(RADLADS_ZLIB_INCLUDE_DIR zlib.h)
find_library(RADLADS_ZLIB_LIBRARY z)
mark_as_advanced(RADLADS_ZLIB_INCLUDE_DIR RADLADS_ZLIB_LIBRARY)

if(RADLADS_ZLIB_INCLUDE_DIR AND RADLADS_ZLIB_LIBRARY AND NOT TARGET radlads::zlib)
  add_library(radlads::zlib INTERFACE IMPORTED GLOBAL)
  set_target_properties(radlads::zlib PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${RADLADS_ZLIB_INCLUDE_DIR}"
    INTERFACE_LINK_LIBRARIES "${RADLADS_ZLIB_LIBRARY}"
    INTERFACE_COMPILE_DEFINITIONS RADLADS_ZLIB)
endif()
