// SPDX-License-Identifier: Apache-2.0
#pragma once
// Standard input, output and error as the program finds them: closed, full, or without a reader.

namespace radlads::program {

/// Puts a directory, which can be neither read nor written, in the place of each standard
/// descriptor that is closed: else the first files that the program opens would get these numbers,
/// and messages would land in them. A reader that has gone and a limit on the size of files become
/// errors of the write in place of signals.
void prepare_standard_streams();

}  // namespace radlads::program
