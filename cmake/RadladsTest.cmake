# SPDX-License-Identifier: Apache-2.0
# How the project's own programs are built and registered. Nothing here reaches the interface.

add_library(radlads_own_flags INTERFACE)
target_link_libraries(radlads_own_flags INTERFACE radlads::radlads)
target_compile_options(radlads_own_flags INTERFACE
  $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fconcepts-diagnostics-depth=2>
  # g++ 12 finds uninitialised values inside its own AVX-512 headers, wherever they are inlined.
  $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-uninitialized>
  $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-maybe-uninitialized>
  $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<BOOL:${RADLADS_NATIVE}>>:-march=native>)

# radlads_add_test(<floor.name> <source>): one source, one program, one ctest test.
function(radlads_add_test name source)
  string(REPLACE "." "_" target "test_${name}")
  string(REGEX REPLACE "\\..*" "" floor ${name})
  add_executable(${target} ${source})
  target_link_libraries(${target} PRIVATE radlads_own_flags GTest::gtest_main)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_compile_definitions(${target} PRIVATE RADLADS_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  # -O3 lengthens the build of the tests by more than it shortens their run. The test that trains real
  # students is built as the program is, so that what is checked is what runs.
  if(NOT name STREQUAL "distill.trainer")
    target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O2>)
    # Parsed once, by the first test, for all.
    get_property(first GLOBAL PROPERTY RADLADS_FIRST_TEST)
    if(first)
      target_precompile_headers(${target} REUSE_FROM ${first})
    else()
      target_precompile_headers(${target} PRIVATE <gtest/gtest.h> <Eigen/Core>)
      set_property(GLOBAL PROPERTY RADLADS_FIRST_TEST ${target})
    endif()
  endif()
  add_test(NAME ${name} COMMAND ${target})
  # Skipped only when nothing passed and nothing failed: the list of skipped cases must be the last
  # thing printed, because ctest lets a skip hide a failure.
  set_tests_properties(${name} PROPERTIES
    LABELS ${floor}
    TIMEOUT 600
    FAIL_REGULAR_EXPRESSION "0 tests from 0 test suites ran"
    SKIP_REGULAR_EXPRESSION "PASSED  . 0 tests\\.\n(.  SKIPPED . [^\n]*\n?)+\n*$")
endfunction()
