# SPDX-License-Identifier: Apache-2.0
# Install and export. A fetched Eigen or JSON is not installed, so a package that names it would be broken.

if(NOT RADLADS_INSTALL)
  return()
endif()
if(RADLADS_FETCHED)
  message(STATUS "radlads: no install rules, because it fetched ${RADLADS_FETCHED}")
  return()
endif()

include(CMakePackageConfigHelpers)
include(GNUInstallDirs)
set(package_dir ${CMAKE_INSTALL_DATADIR}/cmake/radlads)

install(TARGETS radlads radlads_core EXPORT radladsTargets
  FILE_SET HEADERS COMPONENT development
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT radladsTargets NAMESPACE radlads::
  DESTINATION ${package_dir} COMPONENT development)

if(RADLADS_CUDA)
  install(TARGETS radlads_cuda EXPORT radladsCudaTargets
    FILE_SET HEADERS COMPONENT development
    INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  install(EXPORT radladsCudaTargets NAMESPACE radlads::
    DESTINATION ${package_dir} COMPONENT development)
  install(FILES cmake/RadladsInstances.cmake DESTINATION ${package_dir} COMPONENT development)
endif()

if(RADLADS_COMPILED)
  install(TARGETS radlads_compiled EXPORT radladsCompiledTargets
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
  install(EXPORT radladsCompiledTargets NAMESPACE radlads::
    DESTINATION ${package_dir} COMPONENT development)
endif()

configure_package_config_file(cmake/radladsConfig.cmake.in radladsConfig.cmake
  INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(radladsConfigVersion.cmake
  COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES
  ${CMAKE_CURRENT_BINARY_DIR}/radladsConfig.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/radladsConfigVersion.cmake
  DESTINATION ${package_dir} COMPONENT development)
install(FILES cmake/RadladsPcre2.cmake cmake/RadladsMpi.cmake cmake/RadladsNccl.cmake cmake/RadladsZlib.cmake cmake/RadladsZstd.cmake
  DESTINATION ${package_dir} COMPONENT development)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT development)
