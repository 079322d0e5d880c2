# SPDX-License-Identifier: Apache-2.0
# Where every dependency comes from: this machine first; a pinned release only when
# RADLADS_FETCH_DEPENDENCIES is ON. The least versions are those of Debian 12.

set(RADLADS_Eigen3_VERSION 3.4)
set(RADLADS_nlohmann_json_VERSION 3.11)

# One row a package: target, Debian package, repository, tag.
set(RADLADS_Threads_SOURCE Threads::Threads libc6-dev "" "")
set(RADLADS_Eigen3_SOURCE Eigen3::Eigen libeigen3-dev
  https://gitlab.com/libeigen/eigen.git 3.4.0)
set(RADLADS_nlohmann_json_SOURCE nlohmann_json::nlohmann_json nlohmann-json3-dev
  https://github.com/nlohmann/json.git v3.11.2)
set(RADLADS_GTest_SOURCE GTest::gtest_main libgtest-dev
  https://github.com/google/googletest.git release-1.12.1)
set(RADLADS_benchmark_SOURCE benchmark::benchmark_main libbenchmark-dev
  https://github.com/google/benchmark.git v1.7.1)
set(RADLADS_CLI11_SOURCE CLI11::CLI11 libcli11-dev
  https://github.com/CLIUtils/CLI11.git v2.1.2)
set(RADLADS_yaml-cpp_SOURCE yaml-cpp libyaml-cpp-dev
  https://github.com/jbeder/yaml-cpp.git yaml-cpp-0.7.0)
set(RADLADS_fmt_SOURCE fmt::fmt libfmt-dev
  https://github.com/fmtlib/fmt.git 9.1.0)

# Their own tests are not wanted when they are built as part of this project.
set(JSON_BuildTests OFF)
set(BENCHMARK_ENABLE_TESTING OFF)
set(BENCHMARK_ENABLE_INSTALL OFF)
set(INSTALL_GTEST OFF)
set(CLI11_BUILD_TESTS OFF)
set(CLI11_BUILD_EXAMPLES OFF)
set(YAML_CPP_BUILD_TESTS OFF)
set(YAML_CPP_BUILD_TOOLS OFF)

# A project that adds this one may want radlads::core alone.
set(RADLADS_nlohmann_json_OPTIONAL OFF)
if(NOT PROJECT_IS_TOP_LEVEL AND NOT RADLADS_INSTALL)
  set(RADLADS_nlohmann_json_OPTIONAL ON)
endif()

define_property(GLOBAL PROPERTY RADLADS_FETCHED)

# radlads_dependency(<package> [OPTIONAL]): makes the package's target visible everywhere, or stops
# with a sentence. With OPTIONAL the caller looks whether the target exists.
function(radlads_dependency package)
  list(GET RADLADS_${package}_SOURCE 0 target)
  list(GET RADLADS_${package}_SOURCE 1 debian)
  list(GET RADLADS_${package}_SOURCE 2 repository)
  list(GET RADLADS_${package}_SOURCE 3 tag)
  if(TARGET ${target})
    return()
  endif()

  # GLOBAL: a project that adds this one by add_subdirectory must see the targets as well.
  find_package(${package} ${RADLADS_${package}_VERSION} QUIET GLOBAL)
  if(TARGET ${target})
    return()
  endif()

  if(RADLADS_FETCH_DEPENDENCIES AND repository)
    radlads_fetch(${package} ${repository} ${tag})
  elseif(NOT "OPTIONAL" IN_LIST ARGN AND NOT RADLADS_${package}_OPTIONAL)
    message(FATAL_ERROR
      "radlads needs ${package} ${RADLADS_${package}_VERSION} and did not find it: install it "
      "(Debian: ${debian}), or configure with -DRADLADS_FETCH_DEPENDENCIES=ON.")
  endif()
endfunction()

function(radlads_fetch package repository tag)
  include(FetchContent)
  set(CMAKE_POLICY_DEFAULT_CMP0077 NEW)
  set(subdirectory "")
  if(package STREQUAL "Eigen3")
    # Eigen's own project adds hundreds of targets; its headers are all that is used.
    set(subdirectory SOURCE_SUBDIR headers-only)
  endif()
  FetchContent_Declare(${package}
    GIT_REPOSITORY ${repository} GIT_TAG ${tag} GIT_SHALLOW ON ${subdirectory} SYSTEM)
  FetchContent_MakeAvailable(${package})
  if(package STREQUAL "Eigen3")
    add_library(Eigen3::Eigen INTERFACE IMPORTED GLOBAL)
    target_include_directories(Eigen3::Eigen INTERFACE ${eigen3_SOURCE_DIR})
  endif()
  set_property(GLOBAL APPEND PROPERTY RADLADS_FETCHED ${package})
endfunction()
