// SPDX-License-Identifier: Apache-2.0
#include "fuzz/seeds.hpp"
#include "fuzz/targets.hpp"

#include <array>
#include <span>

namespace radlads::fuzz {

namespace {

// One line for each target: CMakeLists.txt reads the names.
constexpr std::array targets{
    target{"safetensors", run_safetensors, safetensors_seeds},
    target{"index", run_index, index_seeds},
    target{"config", run_config, config_seeds},
    target{"tokenizer_json", run_tokenizer_json, tokenizer_json_seeds},
    target{"tokenizer_folder", run_tokenizer_folder, tokenizer_folder_seeds},
    target{"gguf", run_gguf, gguf_seeds},
    target{"gguf_tokenizer", run_gguf_tokenizer, gguf_tokenizer_seeds},
    target{"binidx", run_binidx, binidx_seeds},
    target{"corpus", run_corpus, corpus_seeds},
    target{"checkpoint", run_checkpoint, checkpoint_seeds},
    target{"metrics", run_metrics, metrics_seeds},
    target{"bpe_trainer", run_bpe_trainer, bpe_trainer_seeds},
    target{"json", run_json, json_seeds},
    target{"chat_template", run_chat_template, chat_template_seeds},
    target{"task", run_task, task_seeds},
#ifdef RADLADS_FUZZ_SETTINGS
    target{"settings", run_settings, settings_seeds},
#endif
};

}  // namespace

std::span<const target> all_targets() { return targets; }

}  // namespace radlads::fuzz
