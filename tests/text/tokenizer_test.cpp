// SPDX-License-Identifier: Apache-2.0
// Ids and texts as the reference library (PyPI tokenizers 0.23.3) gives them for the same files,
// and the published vectors of real tokenizers.

#include "radlads/text/tokenizer.hpp"
#include "support/gguf_bytes.hpp"
#include "support/temporary_directory.hpp"
#include "text/small_tokenizer.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace radlads::text {
namespace tokenizer_test {

using test::error_of;
using test::json;
using test::says;
using ids_type = std::vector<std::int32_t>;

class tokenizer_test : public test::temporary_directory {
 protected:
  tokenizer loaded(const json& file) const {
    return tokenizer::load(put("tokenizer.json", file.dump()));
  }
};

TEST_F(tokenizer_test, a_gguf_file_gives_the_ids_of_its_tokens) {
  test::gguf_bytes file;
  std::vector<std::string> tokens{"<end>"};
  for (int byte = 0; byte < 256; ++byte) {
    tokens.push_back(to_byte_alphabet(std::string(1, static_cast<char>(byte))));
  }
  for (const char* token : {"he", "ll", "hell"}) tokens.emplace_back(token);
  std::vector<std::int32_t> kinds(tokens.size(), 1);
  kinds[0] = 3;
  file.string("tokenizer.ggml.model", "gpt2").string("tokenizer.ggml.pre", "smollm");
  file.strings("tokenizer.ggml.tokens", tokens).integers("tokenizer.ggml.token_type", kinds);
  file.strings("tokenizer.ggml.merges", {"h e", "l l", "he ll"});
  file.integer("tokenizer.ggml.eos_token_id", 0).integer("tokenizer.ggml.bos_token_id", 0);
  const auto id = [](char c) { return 1 + static_cast<std::int32_t>(c); };
  const tokenizer plain = tokenizer::load(put("plain.gguf", file.bytes()));
  // "Digits" splits each digit off, so none of them could merge.
  EXPECT_EQ(plain.encode_document("hello<end>1"), (ids_type{259, id('o'), 0, id('1')}));
  EXPECT_EQ(plain.decode(ids_type{259, id('o'), 0}, false), "hello<end>");
  EXPECT_EQ(plain.eos_id(), 0);
  file.boolean("tokenizer.ggml.add_bos_token", true);
  const tokenizer begun = tokenizer::load(put("begun.gguf", file.bytes()));
  EXPECT_EQ(begun.encode_document("he"), (ids_type{0, 257}));
  EXPECT_TRUE(says(error_of([&] {
                     tokenizer::load(put("bad.gguf", test::gguf_bytes().string("a", "b").bytes()));
                   }),
                   {"bad.gguf", "tokenizer.ggml.tokens"}));
}

TEST_F(tokenizer_test, encodes_byte_level) {
  const tokenizer small = loaded(test::small_byte_level());
  EXPECT_EQ(small.encode("hello hell w"), (ids_type{259, 32, 258, 260}));
  EXPECT_EQ(small.encode("hello<end>>he<end>"), (ids_type{259, 264, 256, 263}));
  EXPECT_EQ(small.encode("a  <left>\n<right> \t b"), (ids_type{97, 265, 10, 266, 98}));
  EXPECT_EQ(small.encode("word words -word-"),
            (ids_type{267, 260, 111, 114, 100, 115, 32, 45, 267, 45}));
  EXPECT_EQ(small.encode("ne\u0301 n\u00e9"), (ids_type{268, 32, 268}));
  EXPECT_EQ(small.encode("caf\u00e9 112"), (ids_type{99, 97, 102, 261, 32, 49, 49, 50}));
  EXPECT_EQ(small.encode("e\u0301"), ids_type{261});
  EXPECT_EQ(small.encode(""), ids_type{});
  EXPECT_EQ(small.encode_document("hello"), ids_type{259});
}

TEST_F(tokenizer_test, encodes_with_byte_fallback) {
  const tokenizer small = loaded(test::small_byte_fallback());
  EXPECT_EQ(small.encode_document("ab a b"), (ids_type{1, 264, 263, 259, 261}));
  EXPECT_EQ(small.encode_document(""), ids_type{1});
  EXPECT_EQ(small.encode_document("\u4e2d"
                                  "ab"),
            (ids_type{1, 259, 231, 187, 176, 262}));
  EXPECT_EQ(small.encode_document("ab</s> ab"), (ids_type{1, 264, 2, 259, 264}));
  EXPECT_EQ(small.encode_document("a\tb", {.add_special = false}), (ids_type{263, 12, 261}));
  EXPECT_EQ(small.encode("a\tb"), (ids_type{263, 12, 261}));
}

TEST_F(tokenizer_test, encodes_unknown_characters) {
  json file = test::small_byte_fallback();
  file["model"]["byte_fallback"] = false;
  EXPECT_EQ(loaded(file).encode("xyaz"), (ids_type{259, 0, 260, 0}));
  file["model"]["fuse_unk"] = false;
  EXPECT_EQ(loaded(file).encode("xyaz"), (ids_type{259, 0, 0, 260, 0}));
  file["model"]["unk_token"] = nullptr;
  EXPECT_EQ(loaded(file).encode("xyaz"), (ids_type{263}));
}

TEST_F(tokenizer_test, takes_whole_pieces_when_merges_are_ignored) {
  json file = test::small_byte_level();
  file["model"]["vocab"]["cat"] = 269;
  EXPECT_EQ(loaded(file).encode("cat"), (ids_type{99, 97, 116}));
  file["model"]["ignore_merges"] = true;
  EXPECT_EQ(loaded(file).encode("cat"), ids_type{269});
}

TEST_F(tokenizer_test, puts_a_space_in_front_of_every_piece_behind_a_split) {
  json file = test::small_byte_level();
  file["pre_tokenizer"]["pretokenizers"][1]["add_prefix_space"] = true;
  EXPECT_EQ(loaded(file).encode("x1,"), (ids_type{32, 120, 32, 49, 32, 44}));
}

TEST_F(tokenizer_test, names_the_byte_that_is_not_utf8) {
  const tokenizer small = loaded(test::small_byte_level());
  EXPECT_TRUE(says(error_of([&] { small.encode("hello \xff"); }), {"UTF-8", "offset 6", "of 7"}));
  EXPECT_TRUE(says(error_of([&] { small.encode_document("\xe2\x82"); }), {"offset 0"}));
}

TEST_F(tokenizer_test, decodes_byte_level) {
  const tokenizer small = loaded(test::small_byte_level());
  EXPECT_EQ(small.decode(ids_type{259, 263, 260, 195, 169}), "hello w\u00e9");
  EXPECT_EQ(small.decode(ids_type{259, 263, 260, 195, 169}, false), "hello<end> w\u00e9");
  EXPECT_EQ(small.decode(ids_type{195}), "\ufffd");
  EXPECT_EQ(small.decode(ids_type{65, 240, 159, 152, 128, 255, 263, 226, 130}),
            "A\U0001f600\ufffd\ufffd");
  // The reference takes an added token for the byte alphabet; here it is its own text.
  EXPECT_EQ(small.decode(ids_type{268, 265}), "n\u00e9<left>");
  EXPECT_EQ(small.decode({}), "");
}

TEST_F(tokenizer_test, decodes_byte_fallback) {
  const tokenizer small = loaded(test::small_byte_fallback());
  EXPECT_EQ(small.decode(ids_type{1, 264, 263, 260}), "ab aa");
  EXPECT_EQ(small.decode(ids_type{1, 264, 263, 260}, false), "<s> ab aa");
  EXPECT_EQ(small.decode(ids_type{1, 259, 259, 260}), " a");
  EXPECT_EQ(small.decode(ids_type{243, 162, 155, 131, 229, 133, 261, 229}),
            "\ufffd\ufffd\ufffd\ufffd\ufffd\ufffdb\ufffd");
  EXPECT_EQ(small.decode(ids_type{1, 259, 2, 259}), " ");
  EXPECT_EQ(small.decode(ids_type{231, 187, 176, 264}), "\u4e2d ab");
}

/// Characters that hold every byte of UTF-8 between them, as text and as bytes.
std::string text_of_all_bytes() {
  std::string text;
  for (char32_t c = 0; c < 0x80; ++c) append_utf8(text, c);
  for (char32_t c = 0x80; c < 0x800; c += 31) append_utf8(text, c);
  for (char32_t c = 0x800; c < 0xD800; c += 0x1FF) append_utf8(text, c);
  for (char32_t c = 0xE000; c < 0x10000; c += 0x3FF) append_utf8(text, c);
  for (char32_t c = 0x10000; c < 0x110000; c += 0x2FFF) append_utf8(text, c);
  return text;
}

TEST_F(tokenizer_test, maps_every_byte_both_ways) {
  json file = test::small_byte_level();
  file["normalizer"] = nullptr;
  file["added_tokens"] = json::array();
  file["model"]["merges"] = json::array();
  json fallback = test::small_byte_fallback();
  fallback["normalizer"] = nullptr;
  for (const char* token : {"a", "b"}) fallback["model"]["vocab"].erase(token);
  fallback["model"]["merges"] = json::array();
  const tokenizer byte_level = loaded(file), byte_fallback = loaded(fallback);
  const std::string text = text_of_all_bytes();
  ids_type bytes, shifted;
  std::set<std::int32_t> seen;
  for (const char c : text) {
    bytes.push_back(static_cast<unsigned char>(c));
    shifted.push_back(bytes.back() + 3);  // <0x00> has the id 3
    seen.insert(bytes.back());
  }
  EXPECT_EQ(seen.size(), 256u - 13u);  // C0, C1 and F5 to FF are in no UTF-8
  EXPECT_EQ(byte_level.encode(text), bytes);
  EXPECT_EQ(byte_fallback.encode(text), shifted);
  EXPECT_EQ(byte_level.decode(bytes), text);
  EXPECT_EQ(byte_fallback.decode(shifted), text);
  for (std::int32_t byte = 0; byte < 256; ++byte) {
    const std::string expected(1, static_cast<char>(static_cast<unsigned char>(byte)));
    EXPECT_EQ(byte_level.token_text(byte), expected);
    EXPECT_EQ(byte_fallback.token_text(byte + 3), expected);
  }
}

TEST_F(tokenizer_test, decodes_ids_of_no_token_to_nothing) {
  const tokenizer small = loaded(test::small_byte_level());
  EXPECT_EQ(small.decode(ids_type{-1, 259, 269, 151936, 2147483647, -2147483647}), "hello");
  EXPECT_EQ(small.token_text(269), "");
  EXPECT_EQ(small.token_text(-1), "");
}

TEST_F(tokenizer_test, decodes_token_by_token) {
  const tokenizer small = loaded(test::small_byte_level());
  detokenizer_state state;
  EXPECT_EQ(small.push(state, 259), "hello");
  EXPECT_EQ(small.push(state, 263), "");
  EXPECT_EQ(small.push(state, 195), "");
  EXPECT_EQ(small.push(state, 169), "\u00e9");
  EXPECT_EQ(small.push(state, 195), "");
  EXPECT_EQ(small.finish(state), "\ufffd");
  EXPECT_EQ(small.token_text(260), " w");
  EXPECT_EQ(small.token_text(195), "\xc3");
}

TEST_F(tokenizer_test, tells_its_properties) {
  const tokenizer small = loaded(test::small_byte_fallback());
  EXPECT_EQ(small.vocabulary_size(), 265);
  EXPECT_EQ(small.bos_id(), 1);
  EXPECT_FALSE(small.eos_id());
  EXPECT_EQ(small.id_of("</s>"), 2);
  EXPECT_FALSE(small.id_of("none"));
  EXPECT_TRUE(small.is_special(2));
  EXPECT_FALSE(small.is_special(260));
  EXPECT_FALSE(small.is_special(5000));
}

TEST_F(tokenizer_test, fingerprint_follows_the_vocabulary) {
  json file = test::small_byte_level();
  const std::uint64_t fingerprint = loaded(file).fingerprint();
  EXPECT_EQ(loaded(file).fingerprint(), fingerprint);
  file["model"]["vocab"]["zz"] = 270;
  EXPECT_NE(loaded(file).fingerprint(), fingerprint);
  // Runs keep the number in their directories, so it must stay what it was.
  EXPECT_EQ(fingerprint, 0x8b25e5aa192b6c1du);
  file["model"]["vocab"].erase("zz");
  file["model"]["vocab"]["he"] = 257;
  file["model"]["vocab"]["ll"] = 256;
  EXPECT_NE(loaded(file).fingerprint(), fingerprint);
}

/// FNV-1a on 32 bits of the ids of one text, each as four bytes, and of a byte 255 behind them.
std::uint32_t hash_of(const ids_type& ids, std::uint32_t hash) {
  constexpr std::uint32_t prime = 0x01000193u;
  for (const std::int32_t id : ids) {
    for (int shift = 0; shift < 32; shift += 8) {
      hash = (hash ^ (static_cast<std::uint32_t>(id) >> shift & 0xFF)) * prime;
    }
  }
  return (hash ^ 0xFF) * prime;
}

TEST_F(tokenizer_test, gives_the_reference_ids_of_2000_nasty_texts) {
  // Texts of marks, joiners, digits, blanks, added tokens inside words and NUL. Their ids are those
  // of PyPI tokenizers 0.23.3: for each tokenizer some as they are, and a hash of 20 texts each.
  const json data =
      json::parse(std::ifstream(RADLADS_SOURCE_DIR "/tests/text/data/nasty_texts.json"));
  const auto texts = data["texts"].get<std::vector<std::string>>();
  ASSERT_EQ(texts.size(), 2000u);
  ASSERT_EQ(data["cases"].size(), 11u);
  for (const json& one : data["cases"]) {
    json file = {{"added_tokens", data["added_tokens"]}, {"model", data["model"]}};
    file["decoder"] = {{"type", "ByteLevel"}};
    for (const char* key : {"normalizer", "pre_tokenizer"}) file[key] = one[key];
    file["model"]["ignore_merges"] = one["ignore_merges"];
    const tokenizer made = loaded(file);
    for (std::size_t i = 0; i < one["first_ids"].size(); ++i) {
      EXPECT_EQ(made.encode(texts[i]), one["first_ids"][i].get<ids_type>()) << texts[i];
    }
    std::vector<std::uint32_t> hashes;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      if (i % 20 == 0) hashes.push_back(0x811c9dc5u);
      hashes.back() = hash_of(made.encode(texts[i]), hashes.back());
    }
    EXPECT_EQ(hashes, one["hashes"].get<std::vector<std::uint32_t>>()) << one["pre_tokenizer"];
  }
}

TEST(tokenizer_data, qwen2_gives_the_published_vectors) {
  const std::filesystem::path folder = test::optional_data() / "tokenizer" / "qwen2";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << folder << " is absent.";
  const tokenizer qwen2 = tokenizer::load(folder);
  EXPECT_EQ(qwen2.vocabulary_size(), 151646);
  EXPECT_EQ(qwen2.eos_id(), 151645);
  EXPECT_FALSE(qwen2.bos_id());
  std::ifstream file(folder / "vectors.json");
  const json vectors = json::parse(file);
  ASSERT_FALSE(vectors.empty());
  for (const json& entry : vectors) {
    const auto text = entry["text"].get<std::string>();
    EXPECT_EQ(qwen2.encode_document(text), entry["ids"].get<ids_type>()) << text;
    EXPECT_EQ(qwen2.decode(entry["ids"].get<ids_type>()), text);
  }
  EXPECT_EQ(qwen2.encode("<|im_start|>user\nHi<|im_end|>"),
            (ids_type{151644, 872, 198, 13048, 151645}));
}

TEST(tokenizer_data, stories260k_gives_the_training_tokens) {
  const std::filesystem::path data = test::optional_data();
  if (!std::filesystem::exists(data / "text" / "tinystories.txt")) {
    GTEST_SKIP() << data << " holds no stories.";
  }
  const tokenizer stories = tokenizer::load(data / "teacher" / "stories260K");
  EXPECT_EQ(stories.vocabulary_size(), 512);
  EXPECT_EQ(stories.bos_id(), 1);
  EXPECT_EQ(stories.eos_id(), 2);
  std::ifstream file(data / "text" / "tinystories.txt");
  std::string story, line;
  std::size_t count = 0, tokens = 0;
  std::uint64_t hash = 0xcbf29ce484222325u;
  const auto take_story = [&] {
    const auto begin = story.find_first_not_of(" \t\r\n");
    if (begin == std::string::npos) return;
    story = story.substr(begin, story.find_last_not_of(" \t\r\n") + 1 - begin);
    const ids_type ids = stories.encode_document(story);
    EXPECT_EQ(stories.decode(ids), story);
    for (const std::int32_t id : ids) {
      const auto bits = static_cast<std::uint32_t>(id);
      for (const std::uint32_t byte : {bits & 0xFF, bits >> 8})
        hash = (hash ^ byte) * 0x100000001b3u;
    }
    ++count;
    tokens += ids.size();
    story.clear();
  };
  while (std::getline(file, line)) {
    if (line == "<|endoftext|>") {
      take_story();
    } else {
      story += line + '\n';
    }
  }
  take_story();
  EXPECT_EQ(count, 2084u);
  EXPECT_EQ(tokens, 881475u);
  // FNV-1a of the ids as little-endian u16, taken when the SHA-256 of the same bytes was the
  // published one, d1df5038a9c5403f...
  EXPECT_EQ(hash, 0x9b34e6b2b17a883fu);
}

}  // namespace tokenizer_test
}  // namespace radlads::text
