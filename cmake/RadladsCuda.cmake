# SPDX-License-Identifier: Apache-2.0
# The target radlads::cuda, and how sources and headers of CUDA are compiled.

# CUDA is on by default where the project is built for itself and nvcc is there.
set(RADLADS_CUDA_DEFAULT OFF)
if(PROJECT_IS_TOP_LEVEL)
  include(CheckLanguage)
  if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
    set(CMAKE_CUDA_ARCHITECTURES 80-real 90a-real)
  endif()
  check_language(CUDA)
  if(CMAKE_CUDA_COMPILER)
    set(RADLADS_CUDA_DEFAULT ON)
  endif()
endif()
option(RADLADS_CUDA "Build what runs on CUDA; needs nvcc" ${RADLADS_CUDA_DEFAULT})
if(NOT RADLADS_CUDA)
  return()
endif()

enable_language(CUDA)
find_package(CUDAToolkit 12 REQUIRED)

add_library(radlads_cuda INTERFACE)
add_library(radlads::cuda ALIAS radlads_cuda)
set_target_properties(radlads_cuda PROPERTIES EXPORT_NAME cuda)
target_link_libraries(radlads_cuda INTERFACE radlads::radlads CUDA::cudart_static CUDA::cublasLt)
target_compile_definitions(radlads_cuda INTERFACE RADLADS_CUDA)
# CMake 3.25 does not know nvcc 13's C++20, so the feature cannot be asked for.
target_compile_options(radlads_cuda INTERFACE
  $<$<COMPILE_LANG_AND_ID:CUDA,NVIDIA>:-std=c++20>
  $<$<COMPILE_LANG_AND_ID:CUDA,NVIDIA>:--expt-relaxed-constexpr>)
file(GLOB_RECURSE radlads_cuda_headers CONFIGURE_DEPENDS
  ${PROJECT_SOURCE_DIR}/include/radlads/*.cuh)
target_sources(radlads_cuda INTERFACE
  FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/include FILES ${radlads_cuda_headers})

include(${CMAKE_CURRENT_LIST_DIR}/RadladsInstances.cmake)

# The flags of the project's own CUDA sources. nvcc warns of Eigen's annotations (20012), of lanes that
# only the host uses (20011, 20014), of pragmas for g++ (1675), of conversions that templates offer (554), and of the
# visibility of what a test's own functor instantiates (1407).
add_library(radlads_own_cuda_flags INTERFACE)
target_link_libraries(radlads_own_cuda_flags INTERFACE radlads_cuda)
target_compile_options(radlads_own_cuda_flags INTERFACE
  $<$<COMPILE_LANG_AND_ID:CUDA,NVIDIA>:-diag-suppress=20011,20012,20014,1675,554,1407>
  $<$<AND:$<COMPILE_LANG_AND_ID:CUDA,NVIDIA>,$<BOOL:${RADLADS_NATIVE}>>:-Xcompiler=-march=native>)

# Tests are compiled for one architecture: it doubles their build to add another. What runs on the older
# one is compiled by tests/cuda_architectures.cu, and the program for all of CMAKE_CUDA_ARCHITECTURES.
set(RADLADS_CUDA_TEST_ARCHITECTURES 90a-real CACHE STRING "Architectures of the CUDA tests")

# radlads_unite(<list> <stem> <size>): replaces the sources in the list by some that include <size> each.
function(radlads_unite list stem size)
  set(united)
  set(content)
  set(count 0)
  list(LENGTH ${list} length)
  foreach(source IN LISTS ${list})
    string(APPEND content "#include \"${source}\"\n")
    math(EXPR count "${count} + 1")
    math(EXPR rest "${count} % ${size}")
    if(rest EQUAL 0 OR count EQUAL length)
      set(unity_source ${CMAKE_CURRENT_BINARY_DIR}/${stem}_until_${count}.cu)
      file(CONFIGURE OUTPUT ${unity_source} CONTENT "${content}")
      list(APPEND united ${unity_source})
      set(content)
    endif()
  endforeach()
  set(${list} ${united} PARENT_SCOPE)
endfunction()

# radlads_add_cuda_test(<name> <source>...): one program, one ctest test, which reports itself as skipped
# where there is no device.
function(radlads_add_cuda_test name)
  string(REPLACE "." "_" target "test_${name}")
  set(sources ${ARGN})
  list(LENGTH sources length)
  # CMake 3.25 unites no CUDA sources. Kernels take longest where there are few: those stay apart, side by side.
  if(CMAKE_UNITY_BUILD AND length GREATER 8)
    radlads_unite(sources ${target} 5)
  endif()
  add_executable(${target} ${sources})
  target_link_libraries(${target} PRIVATE radlads_own_cuda_flags GTest::gtest_main)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  set_target_properties(${target} PROPERTIES
    CUDA_ARCHITECTURES "${RADLADS_CUDA_TEST_ARCHITECTURES}" UNITY_BUILD OFF)
  # For the host's half, as with the other tests; kernels keep all optimisation.
  target_compile_options(${target} PRIVATE
    $<$<AND:$<COMPILE_LANG_AND_ID:CUDA,NVIDIA>,$<CONFIG:Release>>:-Xcompiler=-Og>)
  radlads_register_test(${name} ${target} cuda)
endfunction()

# The operations that the program does not use, in bf16, for the older GPU.
function(radlads_verify_older_architecture)
  add_library(radlads_cuda_older_gpu OBJECT ${PROJECT_SOURCE_DIR}/tests/cuda_architectures.cu)
  target_link_libraries(radlads_cuda_older_gpu PRIVATE radlads_own_cuda_flags)
  set_target_properties(radlads_cuda_older_gpu PROPERTIES CUDA_ARCHITECTURES 80-real)
endfunction()
