// SPDX-License-Identifier: Apache-2.0
#pragma once
// Small valid inputs of each target, and shapes of input that once did harm.

#include <string>
#include <vector>

namespace radlads::fuzz {

std::vector<std::string> safetensors_seeds();
std::vector<std::string> index_seeds();
std::vector<std::string> config_seeds();
std::vector<std::string> tokenizer_json_seeds();
std::vector<std::string> tokenizer_folder_seeds();
std::vector<std::string> gguf_seeds();
std::vector<std::string> gguf_tokenizer_seeds();
std::vector<std::string> binidx_seeds();
std::vector<std::string> corpus_seeds();
std::vector<std::string> checkpoint_seeds();
std::vector<std::string> metrics_seeds();
std::vector<std::string> bpe_trainer_seeds();
std::vector<std::string> json_seeds();
std::vector<std::string> chat_template_seeds();
std::vector<std::string> task_seeds();
std::vector<std::string> settings_seeds();

}  // namespace radlads::fuzz
