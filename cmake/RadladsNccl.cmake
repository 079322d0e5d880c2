# SPDX-License-Identifier: Apache-2.0
# Target radlads::nccl where NCCL and CUDA are: with it, parallel/cuda/nccl.cuh lets GPUs train together. NCCL is looked
# for where NCCL_ROOT or NCCL_HOME say and where libraries are; a Python package of it has no link libnccl.so. Used by
# the project itself and by its installed package.

set(radlads_nccl_hints ${NCCL_ROOT} ${NCCL_HOME} $ENV{NCCL_ROOT} $ENV{NCCL_HOME})
find_path(RADLADS_NCCL_INCLUDE_DIR nccl.h HINTS ${radlads_nccl_hints} PATH_SUFFIXES include)
find_library(RADLADS_NCCL_LIBRARY NAMES nccl libnccl.so.2 NAMES_PER_DIR
  HINTS ${radlads_nccl_hints} PATH_SUFFIXES lib lib64)
mark_as_advanced(RADLADS_NCCL_INCLUDE_DIR RADLADS_NCCL_LIBRARY)

if(RADLADS_NCCL_INCLUDE_DIR AND RADLADS_NCCL_LIBRARY AND TARGET CUDA::cudart AND NOT TARGET radlads::nccl)
  add_library(radlads::nccl INTERFACE IMPORTED GLOBAL)
  set_target_properties(radlads::nccl PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${RADLADS_NCCL_INCLUDE_DIR}"
    INTERFACE_LINK_LIBRARIES "${RADLADS_NCCL_LIBRARY}"
    INTERFACE_COMPILE_DEFINITIONS RADLADS_NCCL)
endif()
