# SPDX-License-Identifier: Apache-2.0
# Target radlads::mpi where MPI is: with it, parallel/mpi.hpp lets the ranks of a program train together. Used by the
# project itself and by its installed package.

# The C++ bindings that MPI-3 took out need a library of their own, and nothing here uses them.
set(MPI_CXX_SKIP_MPICXX ON)
if(NOT TARGET MPI::MPI_CXX)
  find_package(MPI QUIET GLOBAL COMPONENTS CXX)
endif()

if(TARGET MPI::MPI_CXX AND NOT TARGET radlads::mpi)
  add_library(radlads::mpi INTERFACE IMPORTED GLOBAL)
  set_target_properties(radlads::mpi PROPERTIES
    INTERFACE_LINK_LIBRARIES MPI::MPI_CXX
    INTERFACE_COMPILE_DEFINITIONS RADLADS_MPI)
endif()
