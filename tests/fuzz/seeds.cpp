// SPDX-License-Identifier: Apache-2.0
#include "fuzz/inputs.hpp"
#include "fuzz/seeds.hpp"
#include "io/safetensors_bytes.hpp"
#include "radlads/core/error.hpp"
#include "radlads/files/json.hpp"
#include "radlads/files/mapped.hpp"
#include "radlads/io/checkpoint_state.hpp"
#include "support/gguf_bytes.hpp"
#include "text/small_tokenizer.hpp"

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <stdlib.h>
#include <string>
#include <vector>

namespace radlads::fuzz {

namespace {

using test::gguf_bytes;
using strings = std::vector<std::string>;

std::string joined(std::initializer_list<std::string> parts) {
  std::string all;
  for (const std::string& part : parts) all += (all.empty() ? "" : std::string(part_mark)) + part;
  return all;
}

/// `count` of `open` with nothing that closes them.
std::string deep(const std::string& begin, const std::string& open, int count) {
  std::string text = begin;
  for (int i = 0; i < count; ++i) text += open;
  return text;
}

const std::string llama_config =
    R"({"architectures": ["LlamaForCausalLM"], "vocab_size": 8, "hidden_size": 4, "intermediate_size": 6,
"num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1, "rope_theta": 1e4, "eos_token_id": [1, 2],
"rope_scaling": {"rope_type": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4,
"original_max_position_embeddings": 8192}, "torch_dtype": "float32", "tie_word_embeddings": true})";

const std::string unigram_json =
    R"({"model": {"type": "Unigram", "unk_id": 0, "byte_fallback": true, "vocab": [["<unk>", 0], ["<s>", 0], ["\u2581", -2],
["a", -3.5], ["\u2581ab", -1], ["<0xC3>", -9], ["<0xA9>", -9]]}, "added_tokens": [{"id": 1, "content": "<s>", "special": true}],
"pre_tokenizer": {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "first", "split": true},
"post_processor": {"type": "RobertaProcessing", "cls": ["<s>", 1], "sep": ["<s>", 1]},
"decoder": {"type": "Sequence", "decoders": [{"type": "ByteFallback"}, {"type": "Metaspace", "add_prefix_space": true}]}})";

gguf_bytes gguf_tokens() {
  gguf_bytes file;
  file.string("general.architecture", "llama").string("tokenizer.ggml.model", "gpt2");
  file.string("tokenizer.ggml.pre", "smollm")
      .strings("tokenizer.ggml.tokens", {"a", "b", "ab", "<end>"});
  file.integers("tokenizer.ggml.token_type", {1, 1, 1, 3})
      .strings("tokenizer.ggml.merges", {"a b"});
  return file.integer("tokenizer.ggml.bos_token_id", 3)
      .boolean("tokenizer.ggml.add_bos_token", true);
}

}  // namespace

strings safetensors_seeds() {
  return {test::reference_safetensors(), test::safetensors_bytes("{}", "")};
}

strings index_seeds() {
  const std::string index =
      R"({"metadata": {"total_size": 47}, "weight_map": {"z": "a.safetensors", "b": "a.safetensors"}})";
  return {joined({index, test::reference_safetensors()}),
          joined({R"({"weight_map": {"z": "../a.safetensors"}})", test::reference_safetensors()})};
}

strings config_seeds() {
  return {
      llama_config, joined({llama_config, R"({"eos_token_id": [2, 401], "pad_token_id": 0})"}),
      R"({"model_type": "qwen2", "vocab_size": 8, "hidden_size": 1073741824, "intermediate_size": 6,
"num_hidden_layers": 100000, "num_attention_heads": 4, "head_dim": 1073741824})"};
}

strings tokenizer_json_seeds() {
  const std::string text = "hello w\u00e9 12 <end> <left>  word";
  std::string steps = R"({"pre_tokenizer": {"type": "Sequence", "pretokenizers": [)";
  for (int i = 0; i < 3000; ++i)
    steps += R"({"type": "Split", "pattern": {"String": "a"}, "behavior": "Isolated"},)";
  return {joined({test::small_byte_level().dump(), text}),
          joined({test::small_byte_fallback().dump(), text}),
          joined({unigram_json, "\u2581ab b\u00e9 <s>"}),
          deep(R"({"added_tokens": [{"id": )", "[", 80000), steps + "]}}"};
}

strings tokenizer_folder_seeds() {
  const std::string config =
      R"({"tokenizer_class": "Qwen2Tokenizer", "added_tokens_decoder": {"3": {"content": "<end>"}}})";
  return {joined({config, R"({"a": 0, "b": 1, "ab": 2})", "#version: 0.2\na b\n", "ab <end>"}),
          joined({R"({"tokenizer_class": "Qwen2Tokenizer", "added_tokens_decoder": 0})", "{}", "",
                  "a"})};
}

strings gguf_seeds() {
  gguf_bytes file;
  file.string("general.architecture", "llama")
      .real("llama.attention.layer_norm_rms_epsilon", 1e-5f);
  file.integer("llama.block_count", 1)
      .integer("llama.embedding_length", 32)
      .integer("llama.feed_forward_length", 32);
  file.integer("llama.context_length", 64).integer("llama.attention.head_count", 2);
  file.floats("token_embd.weight", {32, 2}, std::vector<float>(64, 0.5f));
  file.tensor("blk.0.attn_q.weight", {32, 32}, 8, std::string(32 * 34, '\x11'));
  file.tensor("blk.0.ffn_up.weight", {256, 1}, 12, std::string(144, '\x22'));
  return {file.bytes(), file.bytes(2), gguf_bytes().bytes()};
}

strings gguf_tokenizer_seeds() {
  gguf_bytes scored;
  scored.string("tokenizer.ggml.model", "llama")
      .strings("tokenizer.ggml.tokens", {"<unk>", "a", "b", "ab"});
  scored.reals("tokenizer.ggml.scores", {0, -2, -3, -1})
      .integers("tokenizer.ggml.token_type", {2, 1, 1, 1});
  return {gguf_tokens().bytes(), scored.bytes()};
}

strings binidx_seeds() {
  const auto raw = [](auto value) { return gguf_bytes::raw(value); };
  const std::string index = std::string("MMIDIDX\0\0", 9) + raw(std::uint64_t{1}) +
                            raw(std::uint8_t{8}) + raw(std::uint64_t{2}) + raw(std::uint64_t{3}) +
                            raw(std::int32_t{2}) + raw(std::int32_t{1}) + raw(std::int64_t{0}) +
                            raw(std::int64_t{4}) + raw(std::int64_t{0}) + raw(std::int64_t{1}) +
                            raw(std::int64_t{2});
  return {joined({index, std::string("\x01\x00\x02\x00\x03\x00", 6)})};
}

strings corpus_seeds() {
  return {"one\n<|endoftext|>\ntwo\n",
          "{\"text\": \"one\"}\n{\"text\": \"two\\u00e9\", \"more\": [1, {}]}\n",
          // "text\n" as a gzip member, {"text":"one"} as a zstd frame of a raw block
          std::string("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x2b\x49\xad\x28\xe1\x02\x00\x27\xda"
                      "\xec\x37\x05\x00\x00\x00",
                      25),
          std::string("\x28\xb5\x2f\xfd\x00\x58\x71\x00\x00{\"text\":\"one\"}", 23)};
}

strings checkpoint_seeds() {
  io::checkpoint_description description;
  description.state.integers["step"] = 4;
  description.state.texts["settings"] = "a: 1";
  description.number_type = "F32";
  description.sets = {"weights"};
  description.hashes["weights.safetensors"] = "0123456789abcdef";
  std::string folder = (std::filesystem::temp_directory_path() / "radlads-seed-XXXXXX").string();
  require(::mkdtemp(folder.data()) != nullptr, "cannot make a directory like ", folder);
  io::write_checkpoint_description(description, folder);
  const files::mapped_file file =
      files::mapped_file::open(std::filesystem::path(folder) / "state.json");
  const std::string valid(file.text());
  std::filesystem::remove_all(folder);
  return {valid, R"({"format": "radlads checkpoint", "step": -5})",
          R"({"step": 4611686018427387904})"};
}

strings metrics_seeds() {
  return {"{\"step\": 1, \"loss\": 2.5}\n{\"step\": 2, \"loss\": null}\n{\"step\": 4}\n",
          "{\"step\": 1}\nno JSON\n{\"step\": 3}\n{\"st"};
}

strings bpe_trainer_seeds() {
  return {"low lower lowest new newer newest", "aaaaaaaaaaaaaaaa", "\u4f60\u597d \xf0\x9f\x98\x80"};
}

strings json_seeds() {
  return {R"({"a": [1, -2.5e3, true, null, "\u00e9\ud83d\ude00"], "b": {}})", deep("", "[", 100000),
          deep("", "{\"a\":", 100000), "{\"a\": 1, \"a\": 2}"};
}

strings chat_template_seeds() {
  return {
      joined(
          {R"({% for m in messages %}{{ '<s>' + m['role'] + '\n' + m.content | trim }}{% endfor %}
{%- if add_generation_prompt %}{{ bos_token }}{% endif %})",
           "a"}),
      R"({%- set ns = namespace(i=0) %}{% for k, v in {'a': [1, 2.5], "b": none}.items() if v %}{{ loop.index }}
{%- set ns.i = ns.i + 1 %}{{ v | tojson(indent=2) }}{% else %}{{ -7 // 2 ** 2 % 3 }}{% endfor %}{{ ns.i }})",
      R"({% macro f(x, y='b') %}{{ x ~ y }}{% endmacro %}{{ f(messages[1:][-1].content, y=f('q')) | upper }}
{% filter trim %}{% set t %} {{ strftime_now("%d %b") }} {% endset %}{{ t.split(' ') | join(',') }}{% endfilter %})",
      R"({{ messages | selectattr('role', 'equalto', 'user') | map(attribute='content') | list | length }}
{%+ if 1 < 2 <= 3 and not x is defined %}{{ range(3, 0, -1) | join }}{# c #}{% break %}{% endif %})",
      R"({{ 'a-b'.replace('-', '_').startswith("a") if messages[0]['role'] in ['system'] else raise_exception('no') }})",
      R"({"bos_token": {"content": "<s>"}, "chat_template": [{"name": "default", "template": "{{ bos_token }}"}]})",
      deep("{{ ", "(", 20000),
      deep("", "{% if 1 %}", 20000)};
}

strings task_seeds() {
  const std::string path = RADLADS_SOURCE_DIR "/tests/evaluate/data/lm_eval_cases.json";
  strings all;
  const files::json sets = files::read_json(path);
  for (const auto& [name, set] : sets.items()) {
    const files::json& rows = set["rows"];
    std::string text = rows[0].dump() + "\n";
    if (rows.size() > 1) text += rows[1].dump() + "\n";
    const bool has_examples = set.contains("examples") && !set["examples"].empty();
    all.push_back(has_examples ? joined({name, text, set["examples"][0].dump() + "\n"})
                               : joined({name, text}));
  }
  all.push_back(joined({"own", R"({"query": "a", "choices": ["b", "c"], "gold": 1})"}));
  all.push_back(
      joined({"own", R"({"context_options": ["a", "b"], "continuation": "c", "gold": 0})"}));
  all.push_back(joined({"own", "{\"context\": \"a\", \"continuation\": \"b\"}\n\n"}));
  return all;
}

strings settings_seeds() {
  std::string keys = "model:\n";
  for (int i = 0; i < 3000; ++i) keys += "  keep_attention: [1]\n";
  return {joined({R"(# A comment.
about: {name: "a recipe", list: [1, {a: b}]}
model:
  use_rope: ~
  keep_attention: [4, 7]
  rope_theta: 1e4
align: {tokens: 20M, lr_init: 1e-3, trainable: mixers, loss: mse}
distill:
  tokens: 20_000_000
  lr2_init: &rate 5e-3
  lr2_final: *rate
  sampler: 'epochs'
  precision: "bf16"
)",
                  "--distill.batch\n8\n--train.lr_decay_type=linear\n--seed\n3\n--dry-run\n"}),
          "train:\n- a\n---\nb",
          "a: &a [*a, {<<: *b}]\n",
          "? {a: b}\n: |2-\n   c\n",
          keys,
          deep("model: ", "[", 50000),
          deep("", "{a: ", 50000)};
}

}  // namespace radlads::fuzz
