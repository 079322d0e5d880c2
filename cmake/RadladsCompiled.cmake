# SPDX-License-Identifier: Apache-2.0
# The target radlads::compiled: the instances of the library's templates that most programs use, compiled once.
# Whoever links it compiles the same sources in seconds; what it does not hold is instantiated as ever.

# radlads_compiled_source(<name> <definition> <pattern>...): a source that defines the instances which the headers that
# match name, and of which <definition> says that they are defined there (core/config.hpp).
function(radlads_compiled_source name definition)
  set(source ${PROJECT_BINARY_DIR}/compiled/${name}.cpp)
  list(TRANSFORM ARGN PREPEND ${PROJECT_SOURCE_DIR}/include/radlads/ OUTPUT_VARIABLE patterns)
  file(GLOB headers CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/include ${patterns})
  list(TRANSFORM headers REPLACE "(.+)" "#include \"\\1\"\n")
  list(JOIN headers "" includes)
  file(CONFIGURE OUTPUT ${source} CONTENT "${includes}")
  set_source_files_properties(${source} PROPERTIES COMPILE_DEFINITIONS ${definition})
  target_sources(radlads_compiled PRIVATE ${source})
endfunction()

option(RADLADS_COMPILED "Build radlads::compiled, the usual instances compiled once" ${PROJECT_IS_TOP_LEVEL})
if(NOT RADLADS_COMPILED)
  return()
endif()

add_library(radlads_compiled STATIC)
add_library(radlads::compiled ALIAS radlads_compiled)
set_target_properties(radlads_compiled PROPERTIES
  EXPORT_NAME compiled POSITION_INDEPENDENT_CODE ON UNITY_BUILD OFF)
target_link_libraries(radlads_compiled PUBLIC radlads::radlads)
target_compile_definitions(radlads_compiled INTERFACE RADLADS_COMPILED)
# Whatever the build type: it is what the optimised instances are for.
target_compile_options(radlads_compiled PRIVATE
  $<TARGET_PROPERTY:radlads_own_flags,INTERFACE_COMPILE_OPTIONS> -O3)

radlads_compiled_source(operations RADLADS_COMPILED_OPERATIONS ops/cpu/*.hpp)
radlads_compiled_source(recurrences RADLADS_COMPILED_OPERATIONS recurrence/*.hpp recurrence/cpu/*.hpp)
radlads_compiled_source(layers RADLADS_COMPILED_LAYERS cpu.hpp layers/*.hpp)

# The project's own programs and tests use it as well: what nearly all of them instantiate is compiled once.
target_link_libraries(radlads_own_build INTERFACE radlads_compiled)
if(RADLADS_CUDA)
  target_link_libraries(radlads_own_cuda_flags INTERFACE radlads_compiled)
endif()
