// SPDX-License-Identifier: Apache-2.0
#pragma once
// Public header: all of them. It takes seconds to compile; a source that includes what it uses
// takes less.

#include "radlads/convert.hpp"
#include "radlads/data.hpp"
#include "radlads/distill.hpp"
#include "radlads/dry_run.hpp"
#include "radlads/evaluate.hpp"
#include "radlads/gated_deltanet.hpp"
#include "radlads/generate.hpp"
#include "radlads/gla.hpp"
#include "radlads/io.hpp"
#include "radlads/kda.hpp"
#include "radlads/mamba2.hpp"
#include "radlads/mixers.hpp"
#include "radlads/model.hpp"
#include "radlads/ops.hpp"
#include "radlads/optim.hpp"
#include "radlads/rad_rwkv6.hpp"
#include "radlads/rad_rwkv7.hpp"
#include "radlads/rwkv6.hpp"
#include "radlads/rwkv7.hpp"
#include "radlads/softmax_attention.hpp"
#include "radlads/text.hpp"
#include "radlads/transfer.hpp"
#include "radlads/version.hpp"
