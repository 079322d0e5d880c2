# SPDX-License-Identifier: Apache-2.0
# How the CUDA tests are built and registered.

# Tests are compiled for one architecture: it doubles their build to add another. What runs on the older
# one is compiled by tests/cuda_architectures.cu, and the program for all of CMAKE_CUDA_ARCHITECTURES.
set(RADLADS_CUDA_TEST_ARCHITECTURES 90a-real CACHE STRING "Architectures of the CUDA tests")

# radlads_add_cuda_test(<name> <units> <source>...): one program, one ctest test, which reports itself as skipped
# where there is no device. Nearly all of its build is kernels, each of which is compiled once for each unit: the
# fewer units the better, as long as no processor waits for the last.
function(radlads_add_cuda_test name units)
  string(REPLACE "." "_" target "test_${name}")
  set(sources ${ARGN})
  if(CMAKE_UNITY_BUILD)
    radlads_unite(sources ${target} ${units})
  endif()
  add_executable(${target} ${sources})
  target_link_libraries(${target} PRIVATE radlads_own_cuda_flags GTest::gtest_main)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_compile_definitions(${target} PRIVATE RADLADS_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  # -Og as with the other tests.
  set_target_properties(${target} PROPERTIES
    CUDA_ARCHITECTURES "${RADLADS_CUDA_TEST_ARCHITECTURES}" UNITY_BUILD OFF RADLADS_HOST_OPTIMISATION -Og)
  radlads_register_test(${name} ${target} cuda)
endfunction()

# The operations that the program does not use, in bf16, for the older GPU.
function(radlads_verify_older_architecture)
  add_library(radlads_cuda_older_gpu OBJECT ${PROJECT_SOURCE_DIR}/tests/cuda_architectures.cu)
  target_link_libraries(radlads_cuda_older_gpu PRIVATE radlads_own_cuda_flags)
  set_target_properties(radlads_cuda_older_gpu PROPERTIES
    CUDA_ARCHITECTURES 80-real RADLADS_HOST_OPTIMISATION -O0)
endfunction()
