# SPDX-License-Identifier: Apache-2.0
# Instances of CUDA code for sources that a host compiler compiles.

# radlads_add_instances(<target> CELLS <cell>... SCALARS <scalar>... [HEADERS <header>...])
#
# Gives the target the forward and backward pass of each cell in each scalar on CUDA, compiled by nvcc for
# the target's own CUDA_ARCHITECTURES, so that its .cpp sources can call recurrence::scan_forward, scan_backward,
# scan_step and the two varlen ones on a radlads::cuda_backend. A cell is rwkv7, rwkv6, gla, gated_deltanet, kda, mamba2 or
# the full name of one of your own, whose header HEADERS names; a scalar is float, double or bf16. The target also gets what
# reads GGUF tensors in each scalar, which io::read_parameters calls. The language CUDA must be enabled. One small source for
# each pair and each scalar is written into the build tree.
function(radlads_add_instances target)
  cmake_parse_arguments(PARSE_ARGV 1 with "" "" "CELLS;SCALARS;HEADERS")
  if(with_UNPARSED_ARGUMENTS OR NOT with_CELLS OR NOT with_SCALARS)
    message(FATAL_ERROR
      "radlads_add_instances(${target}): expected CELLS and SCALARS, and HEADERS for cells of your own; "
      "found \"${ARGN}\"")
  endif()
  get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
  if(NOT "CUDA" IN_LIST languages)
    message(FATAL_ERROR "radlads_add_instances(${target}): the language CUDA is not enabled")
  endif()
  foreach(scalar IN LISTS with_SCALARS)
    set(number ${scalar})
    if(scalar STREQUAL "bf16")
      set(number radlads::bf16)
    elseif(NOT scalar MATCHES "^(float|double)$")
      message(FATAL_ERROR
        "radlads_add_instances(${target}): the scalar is ${scalar}, expected float, double or bf16")
    endif()
    set(source ${CMAKE_CURRENT_BINARY_DIR}/radlads_instances/${target}/gguf_${scalar}.cu)
    file(CONFIGURE OUTPUT ${source} @ONLY CONTENT
"// Written by radlads_add_instances.
#include <radlads/io/cuda/gguf.cuh>

namespace radlads::cuda_detail {
template void read_gguf_on<@number@>(cuda_backend&, const io::gguf_entry&, @number@*);
}  // namespace radlads::cuda_detail
")
    target_sources(${target} PRIVATE ${source})
  endforeach()
  foreach(cell IN LISTS with_CELLS)
    set(headers ${with_HEADERS})
    set(type ${cell})
    if(cell MATCHES "^(rwkv7|rwkv6|gla|gated_deltanet|kda|mamba2)$")
      set(headers radlads/${cell}.hpp)
      set(type radlads::recurrence::${cell})
    elseif(NOT with_HEADERS)
      message(FATAL_ERROR
        "radlads_add_instances(${target}): the cell ${cell} is not one of the library's (rwkv7, rwkv6, gla, "
        "gated_deltanet, kda, mamba2), so HEADERS must say where it is defined")
    endif()
    list(TRANSFORM headers PREPEND "#include <")
    list(TRANSFORM headers APPEND ">\n")
    list(JOIN headers "" includes)
    foreach(scalar IN LISTS with_SCALARS)
      set(number ${scalar})
      if(scalar STREQUAL "bf16")
        set(number radlads::bf16)
      endif()
      string(MAKE_C_IDENTIFIER "${cell}_${scalar}" stem)
      set(source ${CMAKE_CURRENT_BINARY_DIR}/radlads_instances/${target}/${stem}.cu)
      set(arguments "${type}, ${number}, device_space")
      file(CONFIGURE OUTPUT ${source} @ONLY CONTENT
"// Written by radlads_add_instances.
@includes@#include <radlads/cuda.cuh>

namespace radlads::recurrence {
template void scan_forward_on<@type@, @number@>(
    cuda_backend&, const scan_forward_arguments<@arguments@>&);
template void scan_backward_on<@type@, @number@>(
    cuda_backend&, const scan_backward_arguments<@arguments@>&);
template bool scan_forward_varlen_on<@type@, @number@>(
    cuda_backend&, std::span<const std::int64_t>, const scan_forward_arguments<@arguments@>&);
template bool scan_backward_varlen_on<@type@, @number@>(
    cuda_backend&, std::span<const std::int64_t>, const scan_backward_arguments<@arguments@>&);
}  // namespace radlads::recurrence
")
      target_sources(${target} PRIVATE ${source})
    endforeach()
  endforeach()
endfunction()
