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
target_link_libraries(radlads_cuda INTERFACE radlads::core CUDA::cudart_static CUDA::cublasLt)
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

# nvcc's own -O is for the host's half alone, kernels are optimised in full without it; it comes last, so nothing
# could lower it. Targets say in their property RADLADS_HOST_OPTIMISATION what the host's half gets instead of -O3.
string(REPLACE "-O3" "" CMAKE_CUDA_FLAGS_RELEASE "${CMAKE_CUDA_FLAGS_RELEASE}")
set(host_level "$<TARGET_PROPERTY:RADLADS_HOST_OPTIMISATION>")

# Where nothing of CUDA can run, optimising kernels only takes time: a third of it is left. Every kernel is compiled
# and assembled all the same, so that what does not compile is found.
option(RADLADS_CUDA_FAST_COMPILE "Compile the project's own CUDA sources quickly rather than for speed; needs nvcc 13" OFF)
if(RADLADS_CUDA_FAST_COMPILE AND CMAKE_CUDA_COMPILER_VERSION VERSION_LESS 13)
  message(FATAL_ERROR
    "RADLADS_CUDA_FAST_COMPILE needs nvcc 13, found ${CMAKE_CUDA_COMPILER_VERSION}: turn the option off.")
endif()
set(fast_compile "$<AND:$<COMPILE_LANG_AND_ID:CUDA,NVIDIA>,$<BOOL:${RADLADS_CUDA_FAST_COMPILE}>>")
if(RADLADS_CUDA_FAST_COMPILE)
  set(host_level -O0)
endif()

# The flags of the project's own CUDA sources. nvcc warns of Eigen's annotations (20012), of lanes that
# only the host uses (20011, 20014), of pragmas for g++ (1675), of conversions that templates offer (554), and of the
# visibility of what a test's own functor instantiates (1407).
add_library(radlads_own_cuda_flags INTERFACE)
target_link_libraries(radlads_own_cuda_flags INTERFACE radlads_cuda radlads::radlads)
target_compile_options(radlads_own_cuda_flags INTERFACE
  $<$<AND:$<COMPILE_LANG_AND_ID:CUDA,NVIDIA>,$<CONFIG:Release>>:-Xcompiler=$<IF:$<BOOL:${host_level}>,${host_level},-O3>>
  $<${fast_compile}:--Ofast-compile=max>
  $<$<COMPILE_LANG_AND_ID:CUDA,NVIDIA>:-diag-suppress=20011,20012,20014,1675,554,1407>
  $<$<AND:$<COMPILE_LANG_AND_ID:CUDA,NVIDIA>,$<BOOL:${RADLADS_NATIVE}>>:-Xcompiler=-march=native>)

# radlads_sort_by_subject(<list>): x_gla_test.cu beside y_gla_test.cu, those of no subject first.
function(radlads_sort_by_subject list)
  set(keyed)
  foreach(source IN LISTS ${list})
    set(subject)
    if(source MATCHES "/[a-z]+_([a-z0-9_]+)_test\\.cu$")
      set(subject ${CMAKE_MATCH_1})
    endif()
    list(APPEND keyed "${subject} ${source}")
  endforeach()
  list(SORT keyed)
  list(TRANSFORM keyed REPLACE "^[^ ]* " "")
  set(${list} ${keyed} PARENT_SCOPE)
endfunction()

# radlads_unite(<list> <stem> <count>): replaces the sources in the list by at most <count> that include them.
# CMake 3.25 unites no CUDA sources.
function(radlads_unite list stem count)
  radlads_sort_by_subject(${list})
  list(LENGTH ${list} length)
  math(EXPR size "(${length} + ${count} - 1) / ${count}")
  set(united)
  while(${list})
    list(SUBLIST ${list} 0 ${size} part)
    list(REMOVE_ITEM ${list} ${part})
    set(content)
    foreach(source IN LISTS part)
      string(APPEND content "#include \"${source}\"\n")
    endforeach()
    list(LENGTH united index)
    set(unit ${CMAKE_CURRENT_BINARY_DIR}/${stem}_${index}.cu)
    file(CONFIGURE OUTPUT ${unit} CONTENT "${content}")
    list(APPEND united ${unit})
  endwhile()
  set(${list} ${united} PARENT_SCOPE)
endfunction()
