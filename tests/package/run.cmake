# SPDX-License-Identifier: Apache-2.0
# Configures, builds and runs the consumer of one case; any failure ends the script with an error.

file(REMOVE_RECURSE ${WORK})
set(options -G ${GENERATOR} -D CMAKE_CXX_COMPILER=${COMPILER} -D RADLADS_FETCH_DEPENDENCIES=${FETCH}
  -D CMAKE_BUILD_TYPE=Debug)
if(FAST)
  list(APPEND options -D CMAKE_CUDA_FLAGS=--Ofast-compile=max)
endif()

if(CASE MATCHES "^(find_package|compiled|core|pcre2|compression|mpi|cuda|cuda_host)$")
  set(project ${SOURCE}/examples/consumer)
  if(CASE MATCHES "^(compiled|core|pcre2|compression|mpi|cuda)")
    set(project ${SOURCE}/tests/package/${CASE})
  endif()
  set(prefix ${WORK}/prefix)
  execute_process(COMMAND_ERROR_IS_FATAL ANY
    COMMAND ${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix} --component development)
  file(GLOB_RECURSE scripts ${prefix}/*.cmake)
  if(NOT scripts)
    message(FATAL_ERROR "The install left no CMake file under ${prefix}.")
  endif()
  foreach(script IN LISTS scripts)
    file(READ ${script} text)
    string(FIND "${text}" "${SOURCE}" place)
    if(NOT place EQUAL -1)
      message(FATAL_ERROR "${script} names the source tree ${SOURCE}.")
    endif()
  endforeach()
  list(APPEND options -D CMAKE_PREFIX_PATH=${prefix})
else()
  set(project ${SOURCE}/tests/package/${CASE})
  list(APPEND options -D RADLADS_ROOT=${SOURCE})
endif()

execute_process(COMMAND_ERROR_IS_FATAL ANY
  COMMAND ${CMAKE_COMMAND} -S ${project} -B ${WORK}/build ${options})
execute_process(COMMAND_ERROR_IS_FATAL ANY COMMAND ${CMAKE_COMMAND} --build ${WORK}/build)
execute_process(COMMAND_ERROR_IS_FATAL ANY COMMAND ${WORK}/build/consumer)

if(CASE STREQUAL "add_subdirectory")
  execute_process(COMMAND_ERROR_IS_FATAL ANY
    COMMAND ${CMAKE_COMMAND} --install ${WORK}/build --prefix ${WORK}/prefix)
  file(GLOB_RECURSE installed RELATIVE ${WORK}/prefix ${WORK}/prefix/*)
  if(NOT installed STREQUAL "bin/consumer")
    message(FATAL_ERROR "The consumer's install holds ${installed}, expected bin/consumer alone.")
  endif()
endif()
