# SPDX-License-Identifier: Apache-2.0
# Compiles SNIPPET twice: correct, then with the mistake. See CMakeLists.txt.

file(STRINGS ${SNIPPET} expected REGEX "^// expect: ")
string(REGEX REPLACE "^// expect: " "" expected "${expected}")
if(NOT expected)
  message(FATAL_ERROR "${SNIPPET} has no line '// expect: <regular expression>'.")
endif()

list(TRANSFORM FOLDERS PREPEND -I)
# The compiler must not quote source lines, else a snippet could match its own text.
set(flags -std=c++20 -fsyntax-only)
if(COMPILER_ID STREQUAL "GNU")
  list(APPEND flags -fno-diagnostics-show-caret -fconcepts-diagnostics-depth=2)
else()
  list(APPEND flags -fno-caret-diagnostics -fno-elide-type)
endif()

execute_process(COMMAND ${COMPILER} ${flags} ${FOLDERS} ${SNIPPET}
  RESULT_VARIABLE status ERROR_VARIABLE text)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "${SNIPPET} does not compile even without its mistake:\n${text}")
endif()

execute_process(COMMAND ${COMPILER} ${flags} ${FOLDERS} -DRADLADS_MISTAKE ${SNIPPET}
  RESULT_VARIABLE status ERROR_VARIABLE text)
if(status EQUAL 0)
  message(FATAL_ERROR "${SNIPPET} compiles with its mistake.")
endif()
if(NOT text MATCHES "${expected}")
  message(FATAL_ERROR "${SNIPPET}: no message matches '${expected}' in:\n${text}")
endif()
message(STATUS "found '${CMAKE_MATCH_0}'")
