// SPDX-License-Identifier: Apache-2.0
#pragma once
// The program is built once for each device: radlads computes on the CPU, radlads-cuda beside it on
// a CUDA GPU. Whichever is called becomes the one that --device names.

namespace radlads::program {

/// Replaces this process by the program for the device that the arguments name, if it is another
/// one. Returns otherwise; throws, saying how to get it, when that program is not there.
void become_device_program(int argc, char** argv);

}  // namespace radlads::program
