# SPDX-License-Identifier: Apache-2.0
# Targets `format` (rewrites) and `format-check` (reports). Not a test: another clang-format formats otherwise.

if(NOT PROJECT_IS_TOP_LEVEL)
  return()
endif()

find_program(RADLADS_CLANG_FORMAT NAMES clang-format-14 clang-format)
mark_as_advanced(RADLADS_CLANG_FORMAT)
if(NOT RADLADS_CLANG_FORMAT)
  add_custom_target(format-check
    ${CMAKE_COMMAND} -E echo "format-check is skipped: clang-format is not installed.")
  return()
endif()

file(GLOB_RECURSE sources CONFIGURE_DEPENDS
  include/*.hpp include/*.cuh tests/*.hpp tests/*.cpp tests/*.cuh tests/*.cu
  examples/*.hpp examples/*.cpp examples/*.cuh examples/*.cu
  benchmarks/*.hpp benchmarks/*.cpp benchmarks/*.cuh benchmarks/*.cu)
add_custom_target(format ${RADLADS_CLANG_FORMAT} -i ${sources})
add_custom_target(format-check ${RADLADS_CLANG_FORMAT} --dry-run --Werror ${sources})
