// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a training run needs to go on as if it had never stopped: parameter sets in the type they
// have in memory, and named numbers and texts. One directory, whole or not there:
//   checkpoint/weights.safetensors, checkpoint/first.safetensors, ..., checkpoint/state.json

#include "radlads/core/error.hpp"
#include "radlads/core/hash.hpp"
#include "radlads/core/host_copy.hpp"
#include "radlads/core/parameters.hpp"
#include "radlads/files/atomic.hpp"
#include "radlads/io/checkpoint_places.hpp"
#include "radlads/io/checkpoint_state.hpp"
#include "radlads/io/parameters.hpp"
#include "radlads/io/safetensors_reader.hpp"
#include "radlads/io/safetensors_writer.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

namespace radlads::io {

/// A parameter set and the name of its file: named_set{"weights", model.weights}.
template <class P>
struct named_set {
  std::string_view name;
  P& set;
};
template <class P>
named_set(std::string_view, P&) -> named_set<P>;

/// The element type that all tensors of a set share.
template <class P>
dtype number_type(const P& p) {
  std::optional<dtype> type;
  P::for_each(
      [&](const std::string& name, const auto& tensor) {
        using element = typename std::remove_cvref_t<decltype(tensor)>::element_type;
        require(type.value_or(dtype_of<element>()) == dtype_of<element>(), "checkpoint: tensor \"",
                name, "\" is ", dtype_name(dtype_of<element>()), ", others are ",
                dtype_name(type.value_or(dtype::f32)));
        type = dtype_of<element>();
      },
      p);
  return type.value_or(dtype::f32);
}

/// Writes one set as NAME.safetensors, every element as it is in memory. Returns the file's hash.
template <backend B, class P>
std::uint64_t write_checkpoint_set(B& b, const named_set<P>& each,
                                   const std::filesystem::path& directory) {
  using set_type = std::remove_const_t<P>;
  safetensors_writer writer;
  host_copies<B> copies(b);
  writer.add_metadata("set", std::string(each.name));
  set_type::for_each(
      [&](const std::string& name, const auto& tensor) {
        using element = typename std::remove_cvref_t<decltype(tensor)>::element_type;
        writer.add(name, dtype_of<element>(), file_shape(tensor), copies.of(tensor));
      },
      std::as_const(each.set));
  return writer.write(directory / (std::string(each.name) + ".safetensors"));
}

namespace detail {

/// Gives a finished directory the name `checkpoint`; what had it is then `checkpoint-STEP`.
inline void exchange_checkpoint(const std::filesystem::path& run,
                                files::atomic_directory& directory) {
  const std::filesystem::path place = run / checkpoint_name;
  if (!is_checkpoint(place)) return directory.commit();
  const std::int64_t step = read_checkpoint_state(place).integer("step");
  const std::filesystem::path kept = kept_place(run, step);
  std::error_code code;
  if (std::filesystem::exists(kept, code)) {
    require(is_checkpoint(kept) && foreign_entry(kept).empty(), "cannot write ", place.string(),
            ": ", kept.string(), " exists and is not a checkpoint");
    remove_checkpoint(run, kept);
  }
  directory.sync();
  files::detail::move_file(place, kept, place);
  try {
    directory.commit();
  } catch (...) {
    // Where the new one is in place and only its name is not yet durable, this fails, as it should.
    if (!is_checkpoint(place)) std::rename(kept.c_str(), place.c_str());
    throw;
  }
}

}  // namespace detail

/// Writes `checkpoint` in a run's directory; the one that was there is first renamed to
/// `checkpoint-STEP`, only when the new one is complete on the device, and `kept` of all stay. The
/// state has an integer "step". Sets are named_set; all tensors have one element type. Throws when
/// the disk refuses, and when a directory of that name is not a checkpoint; the older one then
/// stays. One process at a time may write in a run's directory.
template <backend B, class... P>
void save_checkpoint(B& b, const std::filesystem::path& run, const checkpoint_state& state,
                     std::int64_t kept, const named_set<P>&... sets) {
  const std::filesystem::path place = run / checkpoint_name;
  require(kept >= 1, "save_checkpoint: ", kept, " checkpoints to keep, expected at least 1");
  (void)state.integer("step");
  std::error_code code;
  require(!std::filesystem::exists(place, code) || is_checkpoint(place), "cannot write ",
          place.string(), ": it exists and is not a checkpoint");
  const dtype types[] = {number_type(std::as_const(sets.set))...};
  for (const dtype type : types) {
    require(type == types[0], "save_checkpoint: one set is ", dtype_name(types[0]), ", another ",
            dtype_name(type));
  }
  b.synchronize();
  remove_left_checkpoints(run);
  files::atomic_directory directory(place, files::existing_directory::replace);
  checkpoint_description description{
      state, std::string(dtype_name(types[0])), {std::string(sets.name)...}, {}};
  ((description.hashes[std::string(sets.name) + ".safetensors"] =
        hash_text(write_checkpoint_set(b, sets, directory.path()))),
   ...);
  write_checkpoint_description(description, directory.path());
  detail::exchange_checkpoint(run, directory);
  remove_left_checkpoints(run);
  remove_earlier_checkpoints(run, kept);
}

/// Throws unless a file is that of the set `set` and has exactly its tensors, with their shapes and
/// element type. Files of version 0.1.0 do not say which set they are.
template <class P>
void check_checkpoint_set(const P& p, const safetensors_file& file, std::string_view set) {
  const auto role = file.metadata().find("set");
  require(role == file.metadata().end() || role->second == set, file.path(), ": holds the set \"",
          role == file.metadata().end() ? "" : role->second, "\", expected \"", set, "\"");
  std::set<std::string, std::less<>> names;
  P::for_each(
      [&](const std::string& name, const auto& tensor) {
        using element = typename std::remove_cvref_t<decltype(tensor)>::element_type;
        const tensor_entry* entry = file.find(name);
        const std::vector<std::int64_t> shape = file_shape(tensor);
        require(entry != nullptr, file.path(), ": tensor \"", name, "\" of shape ",
                shape_text(shape), " is missing");
        require(entry->shape == shape, file.path(), ": tensor \"", name, "\" has shape ",
                shape_text(entry->shape), ", the run needs ", shape_text(shape));
        require(entry->dtype == dtype_of<element>(), file.path(), ": tensor \"", name, "\" is ",
                dtype_name(entry->dtype), ", the run needs ", dtype_name(dtype_of<element>()));
        names.insert(name);
      },
      p);
  for (const std::string& name : file.names()) {
    require(names.contains(name), file.path(), ": the run has no tensor \"", name, "\"");
  }
}

namespace detail {

/// Fills a set from its file in the order of the file's bytes, which are hashed on the way. Returns
/// the hash of the whole file.
template <backend B, class P>
std::uint64_t fill_checkpoint_set(B& b, P& p, const safetensors_file& file) {
  std::map<const std::byte*, std::function<void()>> by_place;
  P::for_each(
      [&](const std::string& name, auto& tensor) {
        const tensor_entry* entry = file.find(name);
        if (entry->size == 0) return;
        by_place[entry->data] = [&b, &tensor, entry] {
          write_on_host(b, tensor, [&](auto* to) { read_tensor(*entry, file_shape(tensor), to); });
        };
      },
      p);
  stream_hash hash;
  const std::byte* at = file.bytes().data();
  const std::byte* end = at + file.bytes().size();
  for (auto entry = by_place.begin(); entry != by_place.end(); ++entry) {
    // Each tensor is hashed right before it is copied, so that the device is read once.
    const auto next = std::next(entry);
    hash.update(at, static_cast<std::size_t>(entry->first - at));
    at = next == by_place.end() ? end : next->first;
    hash.update(entry->first, static_cast<std::size_t>(at - entry->first));
    entry->second();
  }
  hash.update(at, static_cast<std::size_t>(end - at));
  return hash.value();
}

}  // namespace detail

/// Fills the sets from a checkpoint that latest_checkpoint found and returns what the run
/// remembered. Throws naming the file and the tensor when a set, a name, a shape or the element
/// type differs from the run's; nothing has been overwritten then. Throws naming the file and both
/// hashes when a file is not as it was written; sets are then overwritten.
template <backend B, class... P>
checkpoint_state load_checkpoint(B& b, const std::filesystem::path& checkpoint,
                                 const named_set<P>&... sets) {
  const checkpoint_description found = read_checkpoint_description(checkpoint);
  std::vector<safetensors_file> files;
  const auto check = [&](const auto& each) {
    const std::string_view type = dtype_name(number_type(std::as_const(each.set)));
    require(type == found.number_type, checkpoint.string(), ": holds ", found.number_type,
            " numbers, this run uses ", type);
    const std::string name(each.name);
    require(std::find(found.sets.begin(), found.sets.end(), name) != found.sets.end(),
            checkpoint.string(), ": holds no set \"", name, "\"");
    files.push_back(safetensors_file::open(checkpoint / (name + ".safetensors")));
    check_checkpoint_set(std::as_const(each.set), files.back(), name);
  };
  (check(sets), ...);
  b.synchronize();
  std::size_t next = 0;
  const auto fill = [&](const auto& each) {
    const safetensors_file& file = files[next++];
    const std::string hash = hash_text(detail::fill_checkpoint_set(b, each.set, file));
    const auto expected = found.hashes.find(std::string(each.name) + ".safetensors");
    require(expected != found.hashes.end() || found.hashes.empty(), checkpoint.string(),
            ": state.json has no hash of the set \"", each.name, "\"");
    require(found.hashes.empty() || hash == expected->second, file.path(),
            ": is damaged: its hash is ", hash, ", state.json says ",
            found.hashes.empty() ? "" : expected->second);
  };
  (fill(sets), ...);
  return found.state;
}

}  // namespace radlads::io
