# SPDX-License-Identifier: Apache-2.0
# How the project's own programs are built and registered. Nothing here reaches the interface.

add_library(radlads_own_flags INTERFACE)
target_link_libraries(radlads_own_flags INTERFACE radlads::radlads $<$<BOOL:${RADLADS_PCRE2}>:radlads::pcre2>
  $<$<BOOL:${RADLADS_ZLIB}>:radlads::zlib> $<$<BOOL:${RADLADS_ZSTD}>:radlads::zstd>)
# Of the project's own sources these alone include mpi.h: a test and the program's ranks.
add_library(radlads_own_mpi INTERFACE)
target_link_libraries(radlads_own_mpi INTERFACE $<$<BOOL:${RADLADS_MPI}>:radlads::mpi>)
# The same of nccl.h.
add_library(radlads_own_nccl INTERFACE)
target_link_libraries(radlads_own_nccl INTERFACE $<$<BOOL:${RADLADS_NCCL}>:radlads::nccl>)
target_compile_options(radlads_own_flags INTERFACE
  $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fconcepts-diagnostics-depth=2>
  # g++ 12 finds uninitialised values inside its own AVX-512 headers, wherever they are inlined.
  $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-uninitialized>
  $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-maybe-uninitialized>
  $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<BOOL:${RADLADS_NATIVE}>>:-march=native>)

# The flags, and the instances that are compiled once where those are built (RadladsCompiled.cmake).
add_library(radlads_own_build INTERFACE)
target_link_libraries(radlads_own_build INTERFACE radlads_own_flags)

# How the project's own sources are compiled: several as one, because most of their time goes into the same
# templates. -DCMAKE_UNITY_BUILD=OFF compiles each alone.
if(NOT DEFINED CMAKE_UNITY_BUILD)
  set(CMAKE_UNITY_BUILD ON)
endif()

# What nearly every test includes, precompiled once for all of them. Only where sources are compiled several as one:
# the other presets show which include a test lacks.
function(radlads_precompile target)
  if(NOT CMAKE_UNITY_BUILD)
    return()
  endif()
  if(NOT TARGET radlads_test_headers)
    set(empty ${PROJECT_BINARY_DIR}/test_headers.cpp)
    file(CONFIGURE OUTPUT ${empty} CONTENT "// Holds nothing: the precompiled header is what is wanted.\n")
    add_library(radlads_test_headers OBJECT ${empty})
    target_link_libraries(radlads_test_headers PRIVATE radlads_own_build GTest::gtest)
    target_compile_options(radlads_test_headers PRIVATE $<$<CONFIG:Release>:-Og>)
    target_precompile_headers(radlads_test_headers PRIVATE
      <gtest/gtest.h> <Eigen/Core> <nlohmann/json.hpp> <complex> <filesystem> <fstream> <future> <map> <random> <variant>)
  endif()
  target_precompile_headers(${target} REUSE_FROM radlads_test_headers)
endfunction()

# radlads_register_test(<name> <target> <label>): skipped only when nothing passed and nothing failed. The list
# of skipped cases must be the last thing printed, because ctest lets a skip hide a failure.
function(radlads_register_test name target label)
  add_test(NAME ${name} COMMAND ${target})
  set_tests_properties(${name} PROPERTIES
    LABELS ${label}
    TIMEOUT 900
    FAIL_REGULAR_EXPRESSION "0 tests from 0 test suites ran"
    SKIP_REGULAR_EXPRESSION "PASSED  . 0 tests\\.\n(.  SKIPPED . [^\n]*\n?)+\n*$")
endfunction()

# radlads_add_test(<name> <source>...): one program, one ctest test.
function(radlads_add_test name)
  string(REPLACE "." "_" target "test_${name}")
  string(REGEX REPLACE "\\..*" "" module ${name})
  add_executable(${target} ${ARGN})
  target_link_libraries(${target} PRIVATE radlads_own_build GTest::gtest_main)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_compile_definitions(${target} PRIVATE RADLADS_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  # More optimisation lengthens the build of the tests by more than it shortens their run: most of that is spent in
  # radlads::compiled, which the program uses as well.
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-Og>)
  radlads_precompile(${target})
  # All in one unit: eight, which is CMake's choice, would make two of most modules.
  set_target_properties(${target} PROPERTIES UNITY_BUILD_BATCH_SIZE 0)
  radlads_register_test(${name} ${target} ${module})
endfunction()
