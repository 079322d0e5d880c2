# SPDX-License-Identifier: Apache-2.0
# Target radlads::pcre2 where PCRE2 is: with it, text/pcre2.hpp compiles the regular expressions of tokenizers
# that no scanner of radlads knows. Used by the project itself and by its installed package.

find_path(RADLADS_PCRE2_INCLUDE_DIR pcre2.h)
find_library(RADLADS_PCRE2_LIBRARY pcre2-8)
mark_as_advanced(RADLADS_PCRE2_INCLUDE_DIR RADLADS_PCRE2_LIBRARY)

if(RADLADS_PCRE2_INCLUDE_DIR AND RADLADS_PCRE2_LIBRARY AND NOT TARGET radlads::pcre2)
  add_library(radlads::pcre2 INTERFACE IMPORTED GLOBAL)
  set_target_properties(radlads::pcre2 PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${RADLADS_PCRE2_INCLUDE_DIR}"
    INTERFACE_LINK_LIBRARIES "${RADLADS_PCRE2_LIBRARY}"
    INTERFACE_COMPILE_DEFINITIONS RADLADS_PCRE2)
endif()
