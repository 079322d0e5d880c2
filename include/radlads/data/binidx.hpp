// SPDX-License-Identifier: Apache-2.0
#pragma once
// Tokenised text in the two files of Megatron's memory-mapped format: NAME.bin holds the ids,
// NAME.idx where each sequence lies. Nothing in .idx is aligned, so fields are copied out.

#include "radlads/core/error.hpp"
#include "radlads/files/atomic.hpp"
#include "radlads/files/mapped.hpp"
#include "radlads/files/replace.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <limits>
#include <span>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

namespace radlads::data {

static_assert(std::endian::native == std::endian::little,
              "binidx files are little-endian and are read without a swap");

/// Element types of .bin, by the code in .idx.
enum class token_type : std::uint8_t { u8 = 1, i8 = 2, i16 = 3, i32 = 4, i64 = 5, u16 = 8 };

/// First bytes of every .idx.
inline constexpr std::array<char, 9> binidx_magic{'M', 'M', 'I', 'D', 'I', 'D', 'X', '\0', '\0'};
/// Bytes before the arrays of .idx: magic, u64 version, u8 type, u64 sequences, u64 documents.
inline constexpr std::size_t binidx_header_size = 34;

/// NAME.bin and NAME.idx for NAME, NAME.bin or NAME.idx.
struct binidx_paths {
  std::filesystem::path bin;
  std::filesystem::path idx;

  explicit binidx_paths(std::filesystem::path name) {
    if (name.extension() == ".bin" || name.extension() == ".idx") name.replace_extension();
    bin = idx = std::move(name);
    bin += ".bin";
    idx += ".idx";
  }
};

/// A dataset open for reading. Move-only.
class binidx_file {
 public:
  /// Maps both files and checks the index against the length of the tokens; throws naming them.
  static binidx_file open(const std::filesystem::path& name) {
    binidx_file file;
    const binidx_paths paths(name);
    file.path_ = paths.bin.string();
    file.idx_ = files::mapped_file::open(paths.idx);
    file.bin_ = files::mapped_file::open(paths.bin);
    file.read_header(paths.idx.string());
    file.check_sequences(paths.idx.string());
    file.check_documents(paths.idx.string());
    return file;
  }

  token_type type() const { return type_; }
  /// Tokens of the whole .bin.
  std::int64_t tokens() const { return static_cast<std::int64_t>(bin_.size() / item_size_); }
  std::int64_t sequences() const { return static_cast<std::int64_t>(sequences_); }
  /// Tokens of sequence `i`.
  std::int64_t sequence_length(std::int64_t i) const {
    return field<std::int32_t>(binidx_header_size, i);
  }
  /// Byte offset of sequence `i` in the .bin.
  std::int64_t sequence_offset(std::int64_t i) const {
    return field<std::int64_t>(binidx_header_size + 4 * sequences_, i);
  }

  /// First token of each document, then the number of tokens. Throws when the sequences do not
  /// lie in the .bin one after another, for then the flat stream has no documents.
  std::vector<std::int64_t> document_offsets() const {
    std::vector<std::int64_t> first_token(sequences_ + 1, 0);
    for (std::size_t i = 0; i < sequences_; ++i) {
      const auto sequence = static_cast<std::int64_t>(i);
      require(sequence_offset(sequence) == first_token[i] * static_cast<std::int64_t>(item_size_),
              path_, ": sequence ", i, " does not start where the one before it ends");
      first_token[i + 1] = first_token[i] + sequence_length(sequence);
    }
    require(first_token.back() == tokens(), path_, ": the sequences have ", first_token.back(),
            " tokens, the file ", tokens());
    // Some writers leave out the last entry, which equals the number of sequences.
    std::vector<std::int64_t> offsets;
    for (std::size_t d = 0; d < documents_; ++d) {
      const auto sequence = static_cast<std::size_t>(document(d));
      if (sequence < sequences_) offsets.push_back(first_token[sequence]);
    }
    offsets.push_back(first_token.back());
    return offsets;
  }

  /// Copies tokens [start, start + count) of the flat .bin; throws outside it, and on an id that
  /// is negative or above 2^31 - 1.
  void copy(std::int64_t start, std::int64_t count, std::int32_t* out) const {
    require(start >= 0 && count >= 0 && start <= tokens() && count <= tokens() - start, path_, ": ",
            count, " tokens from ", start, " on are outside the ", tokens(), " it has");
    switch (type_) {
      case token_type::u8:
        return copy_as<std::uint8_t>(start, count, out);
      case token_type::i8:
        return copy_as<std::int8_t>(start, count, out);
      case token_type::i16:
        return copy_as<std::int16_t>(start, count, out);
      case token_type::i32:
        return copy_as<std::int32_t>(start, count, out);
      case token_type::i64:
        return copy_as<std::int64_t>(start, count, out);
      case token_type::u16:
        return copy_as<std::uint16_t>(start, count, out);
    }
  }

 private:
  binidx_file() = default;

  template <class T>
  T field(std::size_t array, std::int64_t i) const {
    T value;
    std::memcpy(&value, idx_.bytes().data() + array + static_cast<std::size_t>(i) * sizeof(T),
                sizeof(T));
    return value;
  }

  std::int64_t document(std::size_t d) const {
    return field<std::int64_t>(binidx_header_size + 12 * sequences_, static_cast<std::int64_t>(d));
  }

  void read_header(const std::string& idx) {
    require(idx_.size() >= binidx_header_size, idx, ": a binidx index has at least ",
            binidx_header_size, " bytes, this one has ", idx_.size());
    require(std::memcmp(idx_.bytes().data(), binidx_magic.data(), binidx_magic.size()) == 0, idx,
            ": does not start with MMIDIDX; is this a binidx index?");
    const auto version = field<std::uint64_t>(9, 0);
    require(version == 1, idx, ": binidx version ", version, ", expected 1");
    const int code = field<std::uint8_t>(17, 0);
    constexpr std::array<std::uint8_t, 9> sizes{0, 1, 1, 2, 4, 8, 0, 0, 2};
    require(code < 9 && sizes[static_cast<std::size_t>(code)] != 0, idx, ": token type ", code,
            " is not one of the integers 1 (u8), 2 (i8), 3 (i16), 4 (i32), 5 (i64), 8 (u16)");
    type_ = static_cast<token_type>(code);
    item_size_ = sizes[static_cast<std::size_t>(code)];
    const auto sequences = field<std::uint64_t>(18, 0);
    const auto documents = field<std::uint64_t>(26, 0);
    const std::size_t room = idx_.size() - binidx_header_size;
    // Bounded one by one first, so that the sum below cannot wrap.
    const bool may_fit = sequences <= room / 12 && documents <= room / 8;
    const std::size_t needed = may_fit ? 12 * sequences + 8 * documents : 0;
    // Multimodal files add one byte a sequence.
    require(may_fit && (needed == room || needed + sequences == room), idx, ": ", sequences,
            " sequences and ", documents, " document entries do not fill the ", room,
            " bytes after its header");
    sequences_ = static_cast<std::size_t>(sequences);
    documents_ = static_cast<std::size_t>(documents);
    require(bin_.size() % item_size_ == 0, path_, ": ", bin_.size(),
            " bytes are not a whole number of tokens of ", item_size_, " bytes");
  }

  void check_sequences(const std::string& idx) const {
    const auto size = static_cast<std::int64_t>(bin_.size());
    for (std::int64_t i = 0; i < sequences(); ++i) {
      const std::int64_t offset = sequence_offset(i);
      const std::int64_t bytes = sequence_length(i) * static_cast<std::int64_t>(item_size_);
      require(bytes >= 0 && offset >= 0 && offset <= size && bytes <= size - offset, idx,
              ": sequence ", i, " claims ", sequence_length(i), " tokens at byte ", offset, " of ",
              path_, ", which has ", size, " bytes");
    }
  }

  void check_documents(const std::string& idx) const {
    std::int64_t last = 0;
    for (std::size_t d = 0; d < documents_; ++d) {
      const std::int64_t sequence = document(d);
      require(sequence >= last && sequence <= sequences(), idx, ": document ", d,
              " starts at sequence ", sequence, ", expected one from ", last, " to ", sequences());
      last = sequence;
    }
  }

  template <class T>
  void copy_as(std::int64_t start, std::int64_t count, std::int32_t* out) const {
    const std::byte* source = bin_.bytes().data() + static_cast<std::size_t>(start) * sizeof(T);
    for (std::int64_t i = 0; i < count; ++i) {
      T id;
      std::memcpy(&id, source + static_cast<std::size_t>(i) * sizeof(T), sizeof(T));
      require(std::cmp_greater_equal(id, 0) && std::in_range<std::int32_t>(id), path_, ": token ",
              start + i, " has the id ", +id, ", expected one from 0 to 2147483647");
      // Not negative: the detour keeps a signed byte from looking like a character.
      out[i] = static_cast<std::int32_t>(static_cast<std::make_unsigned_t<T>>(id));
    }
  }

  std::string path_;
  files::mapped_file idx_;
  files::mapped_file bin_;
  token_type type_ = token_type::u16;
  std::size_t item_size_ = 2;
  std::size_t sequences_ = 0;
  std::size_t documents_ = 0;
};

/// Writes a dataset one document at a time: u16 for a vocabulary of up to 65,536, else i32.
/// Neither file is visible before commit().
class binidx_writer {
 public:
  /// Throws when the place cannot be written. What an earlier process left unfinished there is made
  /// good or removed first.
  binidx_writer(const std::filesystem::path& name, std::int64_t vocabulary_size)
      : paths_(name),
        vocabulary_size_(vocabulary_size),
        staging_(staging_of(name), files::existing_directory::refuse),
        bin_(staging_.path() / paths_.bin.filename()),
        idx_(staging_.path() / paths_.idx.filename()) {
    require(vocabulary_size > 0 && vocabulary_size <= std::numeric_limits<std::int32_t>::max(),
            "binidx_writer: vocabulary size ", vocabulary_size, " is not between 1 and 2147483647");
    for (const std::filesystem::path& path : {paths_.bin, paths_.idx}) {
      std::error_code code;
      require(!std::filesystem::exists(path, code) || std::filesystem::is_regular_file(path, code),
              "cannot write ", path.string(), ": it exists and is not a regular file");
    }
  }

  /// Puts right a pair of files whose exchange for another was cut short by the end of a process:
  /// they are then the older ones or the new ones.
  static void repair(const std::filesystem::path& name) {
    const binidx_paths paths(name);
    files::finish_replacing(paths.bin.parent_path(), staging_name(paths),
                            paths.idx.filename().string());
  }

  /// Appends a document of one sequence; throws on an id outside the vocabulary.
  void append(std::span<const std::int32_t> document) {
    for (const std::int32_t id : document) {
      require(id >= 0 && id < vocabulary_size_, paths_.bin.string(), ": document ", lengths_.size(),
              " has the id ", id, ", outside the vocabulary of ", vocabulary_size_);
    }
    require(std::in_range<std::int32_t>(document.size()), paths_.bin.string(), ": document ",
            lengths_.size(), " has ", document.size(), " tokens, more than the format holds");
    lengths_.push_back(static_cast<std::int32_t>(document.size()));
    if (!is_narrow()) return bin_.write(document.data(), document.size_bytes());
    const std::vector<std::uint16_t> narrow(document.begin(), document.end());
    bin_.write(narrow.data(), narrow.size() * sizeof(std::uint16_t));
  }

  /// Gives both files their names, replacing older ones as one act: an old index never stands
  /// beside new tokens, and what goes wrong leaves the older pair.
  void commit() {
    const std::uint64_t version = 1;
    const auto type = is_narrow() ? token_type::u16 : token_type::i32;
    const std::int64_t item_size = is_narrow() ? 2 : 4;
    const std::uint64_t count = lengths_.size();
    const std::uint64_t entries = count + 1;
    idx_.write(binidx_magic.data(), binidx_magic.size());
    idx_.write(&version, 8);
    idx_.write(&type, 1);
    idx_.write(&count, 8);
    idx_.write(&entries, 8);
    idx_.write(lengths_.data(), lengths_.size() * sizeof(std::int32_t));
    std::vector<std::int64_t> offsets;
    std::int64_t offset = 0;
    for (const std::int32_t length : lengths_) {
      offsets.push_back(offset);
      offset += length * item_size;
    }
    idx_.write(offsets.data(), offsets.size() * sizeof(std::int64_t));
    std::vector<std::int64_t> documents(lengths_.size() + 1);
    for (std::size_t i = 0; i < documents.size(); ++i) documents[i] = static_cast<std::int64_t>(i);
    idx_.write(documents.data(), documents.size() * sizeof(std::int64_t));
    bin_.commit();
    idx_.commit();
    files::replace_files(paths_.bin.parent_path(), staging_, {}, paths_.idx.filename().string());
  }

 private:
  bool is_narrow() const { return vocabulary_size_ <= 65536; }

  static std::string staging_name(const binidx_paths& paths) {
    return "." + paths.bin.stem().string();
  }

  static std::filesystem::path staging_of(const std::filesystem::path& name) {
    repair(name);
    const binidx_paths paths(name);
    return paths.bin.parent_path() / staging_name(paths);
  }

  binidx_paths paths_;
  std::int64_t vocabulary_size_;
  files::atomic_directory staging_;
  files::atomic_file bin_;
  files::atomic_file idx_;
  std::vector<std::int32_t> lengths_;
};

}  // namespace radlads::data
