// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a training run needs to go on as if it had never stopped: parameter sets in the type they
// have in memory, and named numbers and texts. One directory, whole or not there:
//   checkpoint/weights.safetensors, checkpoint/first.safetensors, ..., checkpoint/state.json

#include "radlads/core/error.hpp"
#include "radlads/core/host_copy.hpp"
#include "radlads/core/parameters.hpp"
#include "radlads/files/atomic.hpp"
#include "radlads/files/json.hpp"
#include "radlads/io/parameters.hpp"
#include "radlads/io/safetensors_reader.hpp"
#include "radlads/io/safetensors_writer.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
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

/// Step, sampler position, seed, losses, resolved configuration: whatever a run has to remember.
/// Every value comes back exactly, numbers that are not finite too.
struct checkpoint_state {
  std::map<std::string, std::int64_t> integers;
  std::map<std::string, double> numbers;
  std::map<std::string, std::string> texts;  ///< UTF-8

  std::int64_t integer(const std::string& name) const { return of(integers, name, "integer"); }
  double number(const std::string& name) const { return of(numbers, name, "number"); }
  const std::string& text(const std::string& name) const { return of(texts, name, "text"); }

  bool operator==(const checkpoint_state&) const = default;

 private:
  template <class Map>
  static const typename Map::mapped_type& of(const Map& values, const std::string& name,
                                             const char* kind) {
    const auto place = values.find(name);
    require(place != values.end(), "checkpoint: the ", kind, " \"", name, "\" is missing");
    return place->second;
  }
};

/// A parameter set and the name of its file: named_set{"weights", model.weights}.
template <class P>
struct named_set {
  std::string_view name;
  P& set;
};
template <class P>
named_set(std::string_view, P&) -> named_set<P>;

/// The directory save_checkpoint writes inside a run's own.
inline constexpr std::string_view checkpoint_name = "checkpoint";
inline constexpr std::string_view checkpoint_format = "radlads checkpoint 1";

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

/// Whether a directory is a complete checkpoint: state.json is written last.
inline bool is_checkpoint(const std::filesystem::path& directory) {
  std::error_code code;
  return std::filesystem::exists(directory / "state.json", code);
}

/// The checkpoint to continue from in a run's directory, if there is one: `checkpoint` or, when a
/// process ended while exchanging it for a newer one, the older one that still stands beside it.
inline std::optional<std::filesystem::path> latest_checkpoint(const std::filesystem::path& run) {
  if (is_checkpoint(run / checkpoint_name)) return run / checkpoint_name;
  std::error_code code;
  std::optional<std::filesystem::path> latest;
  std::filesystem::file_time_type newest{};
  std::filesystem::directory_iterator entry(run, code);
  for (; !code && entry != std::filesystem::directory_iterator(); entry.increment(code)) {
    const std::string name = entry->path().filename().string();
    if (!name.starts_with(std::string(checkpoint_name) + ".old-")) continue;
    if (!is_checkpoint(entry->path())) continue;
    const auto time = std::filesystem::last_write_time(entry->path() / "state.json", code);
    if (latest && time <= newest) continue;
    latest = entry->path();
    newest = time;
  }
  return latest;
}

/// Removes what interrupted writes left in a run's directory: always unfinished directories, and
/// older checkpoints once a newer one is in place.
inline void remove_left_checkpoints(const std::filesystem::path& run) {
  const std::string name(checkpoint_name);
  const bool has_checkpoint = is_checkpoint(run / checkpoint_name);
  std::vector<std::filesystem::path> left;
  std::error_code code;
  std::filesystem::directory_iterator entry(run, code);
  for (; !code && entry != std::filesystem::directory_iterator(); entry.increment(code)) {
    const std::string found = entry->path().filename().string();
    if (found.starts_with(name + ".partial-") ||
        (has_checkpoint && found.starts_with(name + ".old-"))) {
      left.push_back(entry->path());
    }
  }
  for (const std::filesystem::path& each : left) std::filesystem::remove_all(each, code);
}

/// state.json: JSON has no infinities and no NaN, so these stand as text.
inline void write_checkpoint_state(const checkpoint_state& state, dtype numbers,
                                   const std::vector<std::string>& sets,
                                   const std::filesystem::path& directory) {
  files::json values = files::json::object();
  for (const auto& [name, value] : state.numbers) {
    if (std::isfinite(value)) {
      values[name] = value;
    } else {
      values[name] = std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
    }
  }
  files::write_json(directory / "state.json", {{"format", checkpoint_format},
                                               {"number_type", dtype_name(numbers)},
                                               {"sets", sets},
                                               {"integers", state.integers},
                                               {"numbers", std::move(values)},
                                               {"texts", state.texts}});
}

/// What is not in the tensors, and what state.json says about them.
struct checkpoint_description {
  checkpoint_state state;
  std::string number_type;
  std::vector<std::string> sets;
};

/// Reads state.json of a checkpoint; throws naming the file and the key.
inline checkpoint_description read_checkpoint_description(const std::filesystem::path& checkpoint) {
  const std::string where = (checkpoint / "state.json").string();
  const files::json file = files::read_json(checkpoint / "state.json");
  const auto format = files::json_get<std::string>(file, "format", where);
  require(format == checkpoint_format, where, ": \"format\" is \"", format, "\", expected \"",
          checkpoint_format, "\"");
  checkpoint_description description;
  description.number_type = files::json_get<std::string>(file, "number_type", where);
  description.sets = files::json_get<std::vector<std::string>>(file, "sets", where);
  checkpoint_state& state = description.state;
  const files::json integers = files::json_get<files::json>(file, "integers", where);
  for (const auto& [name, value] : integers.items()) {
    state.integers[name] = files::json_get<std::int64_t>(integers, name, where);
  }
  const files::json numbers = files::json_get<files::json>(file, "numbers", where);
  for (const auto& [name, value] : numbers.items()) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    if (value == "nan") {
      state.numbers[name] = std::numeric_limits<double>::quiet_NaN();
    } else if (value == "inf" || value == "-inf") {
      state.numbers[name] = value == "inf" ? infinity : -infinity;
    } else {
      state.numbers[name] = files::json_get<double>(numbers, name, where);
    }
  }
  const files::json texts = files::json_get<files::json>(file, "texts", where);
  for (const auto& [name, value] : texts.items()) {
    state.texts[name] = files::json_get<std::string>(texts, name, where);
  }
  return description;
}

/// What a run remembered, without its tensors: a run is built from it before it can be filled.
inline checkpoint_state read_checkpoint_state(const std::filesystem::path& checkpoint) {
  return read_checkpoint_description(checkpoint).state;
}

/// Writes one set as NAME.safetensors, every element as it is in memory.
template <backend B, class P>
void write_checkpoint_set(B& b, const named_set<P>& each, const std::filesystem::path& directory) {
  using set_type = std::remove_const_t<P>;
  safetensors_writer writer;
  host_copies<B> copies(b);
  set_type::for_each(
      [&](const std::string& name, const auto& tensor) {
        using element = typename std::remove_cvref_t<decltype(tensor)>::element_type;
        writer.add(name, dtype_of<element>(), file_shape(tensor), copies.of(tensor));
      },
      std::as_const(each.set));
  writer.write(directory / (std::string(each.name) + ".safetensors"));
}

/// Writes `checkpoint` in a run's directory, replacing an older one only when the new one is
/// complete on the device. Sets are named_set; all tensors have one element type. Throws when the
/// disk refuses, and when a directory of that name is not a checkpoint; the older one then stays.
template <backend B, class... P>
void save_checkpoint(B& b, const std::filesystem::path& run, const checkpoint_state& state,
                     const named_set<P>&... sets) {
  const std::filesystem::path place = run / checkpoint_name;
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
  (write_checkpoint_set(b, sets, directory.path()), ...);
  write_checkpoint_state(state, types[0], {std::string(sets.name)...}, directory.path());
  directory.commit();
  remove_left_checkpoints(run);
}

/// Throws unless a file has exactly the tensors of a set, with their shapes and element type.
template <class P>
void check_checkpoint_set(const P& p, const safetensors_file& file) {
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

/// Fills the sets from a checkpoint that latest_checkpoint found and returns what the run
/// remembered. Throws naming the file and the tensor when a set, a name, a shape or the element
/// type differs from the run's; nothing has been overwritten then.
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
    check_checkpoint_set(std::as_const(each.set), files.back());
  };
  (check(sets), ...);
  b.synchronize();
  std::size_t next = 0;
  const auto fill = [&](const auto& each) {
    using set_type = std::remove_reference_t<decltype(each.set)>;
    const safetensors_file& file = files[next++];
    set_type::for_each(
        [&](const std::string& name, auto& tensor) {
          write_on_host(b, tensor,
                        [&](auto* to) { read_tensor(*file.find(name), file_shape(tensor), to); });
        },
        each.set);
  };
  (fill(sets), ...);
  return found.state;
}

}  // namespace radlads::io
