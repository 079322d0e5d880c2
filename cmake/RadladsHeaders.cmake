# SPDX-License-Identifier: Apache-2.0
# Headers are compiled alone, as part of an ordinary build: the public ones, and with RADLADS_VERIFY_HEADERS, which the
# presets dev and asan set, all of them. Most of what a header uses and
# does not include the rule includes_present of tests/architecture/check.sh finds in the source, in a second.
#
# Nearly all of that time would go into Eigen and nlohmann/json, parsed again for each header. So a header that
# includes one of them, itself or through others, is compiled with it precompiled. This hides no missing
# include: includes stand at the top of a header, so code that comes before Eigen is code of a header that does
# not include Eigen, and that one is compiled without.

option(RADLADS_VERIFY_HEADERS "Compile every header alone rather than the public ones" OFF)

# radlads_verified(<list>): without the headers of folders, unless all are wanted.
function(radlads_verified list)
  if(NOT RADLADS_VERIFY_HEADERS)
    list(FILTER ${list} INCLUDE REGEX "^radlads/[^/]*$")
    set(${list} ${${list}} PARENT_SCOPE)
  endif()
endfunction()

# radlads_foreign_includes(<header> <list>): std, and which of Eigen and nlohmann a header of include/ includes,
# itself or through others.
function(radlads_foreign_includes header list)
  set(property radlads_foreign_includes_${header})
  get_property(is_known GLOBAL PROPERTY ${property} SET)
  if(NOT is_known)
    file(STRINGS ${PROJECT_SOURCE_DIR}/include/${header} lines
      REGEX "^#include (\"radlads/.*\\.hpp\"|<(Eigen|nlohmann)/)")
    set(found std)
    foreach(line IN LISTS lines)
      string(REGEX REPLACE "^#include .([^\">]*).*" "\\1" included "${line}")
      set(more Eigen)
      if(included MATCHES "^radlads/")
        radlads_foreign_includes(${included} more)
      elseif(included MATCHES "^nlohmann/")
        set(more nlohmann)
      endif()
      list(APPEND found ${more})
    endforeach()
    list(REMOVE_DUPLICATES found)
    list(SORT found)
    set_property(GLOBAL PROPERTY ${property} "${found}")
  endif()
  get_property(found GLOBAL PROPERTY ${property})
  set(${list} "${found}" PARENT_SCOPE)
endfunction()

# radlads_sources_of_headers(<list> <ending> <header>...): one source for each header, which includes it alone.
function(radlads_sources_of_headers list ending)
  set(sources)
  foreach(header IN LISTS ARGN)
    string(MAKE_C_IDENTIFIER ${header} stem)
    set(source ${PROJECT_BINARY_DIR}/headers/${stem}.${ending})
    file(CONFIGURE OUTPUT ${source} CONTENT "#include \"${header}\"\n")
    list(APPEND sources ${source})
  endforeach()
  set(${list} ${sources} PARENT_SCOPE)
endfunction()

# Each .hpp.
function(radlads_verify_headers)
  foreach(header IN LISTS radlads_headers)
    file(RELATIVE_PATH name ${PROJECT_SOURCE_DIR}/include ${header})
    list(APPEND names ${name})
  endforeach()
  radlads_verified(names)
  foreach(name IN LISTS names)
    radlads_foreign_includes(${name} foreign)
    list(JOIN foreign _ group)
    list(APPEND groups "${group}")
    list(APPEND headers_${group} ${name})
  endforeach()
  list(REMOVE_DUPLICATES groups)
  foreach(group IN LISTS groups)
    set(target radlads_header_check_${group})
    radlads_sources_of_headers(sources cpp ${headers_${group}})
    add_library(${target} OBJECT ${sources})
    target_link_libraries(${target} PRIVATE radlads::radlads)
    target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O0>)
    set_target_properties(${target} PROPERTIES UNITY_BUILD OFF)
    if(group MATCHES "Eigen")
      target_precompile_headers(${target} PRIVATE <Eigen/Core>)
    endif()
    if(group MATCHES "nlohmann")
      target_precompile_headers(${target} PRIVATE <nlohmann/json.hpp>)
    endif()
  endforeach()
endfunction()

# Each .cuh.
function(radlads_verify_cuda_headers)
  foreach(header IN LISTS radlads_cuda_headers)
    file(RELATIVE_PATH name ${PROJECT_SOURCE_DIR}/include ${header})
    list(APPEND names ${name})
  endforeach()
  radlads_verified(names)
  radlads_sources_of_headers(sources cu ${names})
  add_library(radlads_cuda_header_check OBJECT ${sources})
  target_link_libraries(radlads_cuda_header_check PRIVATE radlads_own_cuda_flags radlads_own_nccl)
  # A header defines no kernel that is not a template: what reads the source shows all that can be wrong.
  set_target_properties(radlads_cuda_header_check PROPERTIES
    CUDA_ARCHITECTURES 80-virtual CUDA_PTX_COMPILATION ON UNITY_BUILD OFF)
endfunction()
