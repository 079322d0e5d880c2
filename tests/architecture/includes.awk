# SPDX-License-Identifier: Apache-2.0
# Says which header of include/radlads uses a name without including, itself or through others, the header that
# declares it: names of the library (types, concepts, enumerations, aliases of a namespace) and of the standard library.
# Arguments: the headers, whose paths begin with include/.

function code_of(line) {
  gsub(/\\./, "", line)
  gsub(/"[^"]*"/, "\"\"", line)
  sub(/\/\/.*/, "", line)
  return line
}

# What a line at the margin declares, or "".
function declared(line) {
  sub(/^\[\[[a-z_, ]*\]\] /, "", line)
  if (line ~ /^[A-Za-z_].*[A-Za-z_0-9]\(/ && line !~ /^(struct|class|concept|enum|using|requires|static_assert|return|namespace|template|explicit|extern|[A-Z_]+\()/) {
    sub(/\(.*/, "", line)
    sub(/.*[^A-Za-z_0-9:]/, "", line)
    return line ~ /::|^operator/ ? "" : line "("
  }
  if (!match(line, /^(struct|class|concept|enum class|enum|using) [A-Za-z_0-9]+/)) return ""
  if (line ~ /^(struct|class) [A-Za-z_0-9:]+;/ || (line ~ /^using / && line !~ / =( |$)/)) return ""
  line = substr(line, RSTART, RLENGTH)
  sub(/.* /, "", line)
  return line
}

# The standard headers that declare a name of std, any of which will do.
function standard(names, headers,   parts, count, i) {
  count = split(names, parts, " ")
  for (i = 1; i <= count; ++i) declares["std::" parts[i]] = headers
}

BEGIN {
  standard("int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t uintptr_t intptr_t", "cstdint")
  standard("size_t", "cstddef cstdlib cstring cstdio ctime array vector string string_view span")
  standard("ptrdiff_t byte max_align_t", "cstddef")
  standard("string to_string stoi getline", "string")
  standard("string_view", "string_view string")
  standard("vector", "vector")
  standard("array", "array")
  standard("span", "span")
  standard("optional nullopt", "optional")
  standard("variant visit get_if holds_alternative monostate", "variant")
  standard("map multimap", "map")
  standard("set", "set")
  standard("unordered_map", "unordered_map")
  standard("deque", "deque")
  standard("priority_queue queue", "queue")
  standard("function less greater equal_to hash", "functional string vector map")
  standard("filesystem", "filesystem")
  standard("error_code errc system_error generic_category", "system_error filesystem charconv")
  standard("move forward swap exchange pair in_range as_const index_sequence make_index_sequence integer_sequence", "utility vector string array map memory optional variant functional algorithm")
  standard("min max clamp sort stable_sort find find_if fill all_of any_of none_of copy copy_n lower_bound upper_bound unique count count_if transform reverse equal mismatch min_element max_element is_sorted push_heap pop_heap stable_partition", "algorithm")
  standard("iota reduce accumulate", "numeric")
  standard("numeric_limits", "limits")
  standard("memcpy memset memcmp", "cstring")
  standard("bit_cast endian bit_ceil bit_width countr_zero rotl", "bit")
  standard("same_as convertible_to floating_point copy_constructible integral", "concepts")
  standard("is_same_v remove_cvref_t is_floating_point_v remove_const_t is_integral_v conditional_t decay_t is_signed_v type_identity type_identity_t integral_constant true_type false_type is_convertible_v is_const_v remove_reference_t make_unsigned_t", "type_traits concepts utility array vector string memory functional variant optional")
  standard("sqrt exp log pow cos sin tanh floor ceil round isfinite isnan isinf nearbyint fmod log2", "cmath complex")
  standard("unique_ptr shared_ptr make_unique make_shared", "memory")
  standard("numbers", "numbers")
  standard("complex", "complex")
  standard("from_chars to_chars chars_format", "charconv")
  standard("jthread thread this_thread", "thread")
  standard("mutex lock_guard unique_lock", "mutex")
  standard("condition_variable", "condition_variable")
  standard("atomic memory_order_relaxed memory_order_acquire memory_order_release", "atomic")
  standard("chrono", "chrono")
  standard("tuple tie", "tuple")
  standard("ostringstream istringstream stringstream", "sstream")
  standard("exception_ptr current_exception rethrow_exception", "exception stdexcept")
  standard("exception", "exception stdexcept")
  standard("runtime_error", "stdexcept")
  standard("initializer_list", "initializer_list string vector")
  standard("getenv abort atoi", "cstdlib")
  standard("snprintf sscanf rename", "cstdio")
  standard("tm strftime", "ctime")
  standard("ifstream ofstream", "fstream")
  standard("setw setfill", "iomanip")
  standard("async launch future promise", "future")
  standard("bad_alloc nothrow align_val_t", "new memory")
}

FNR == 1 { file = FILENAME; sub(/^include\//, "", file); files[++file_count] = file }
/^[ \t]*#[ \t]*include/ {
  path = $0
  gsub(/^[^<"]*[<"]|[>"].*/, "", path)
  includes[file] = includes[file] " " path
  next
}
{
  line = code_of($0)
  if (match(line, /^(inline )?namespace [a-z_0-9:]+/)) {
    count = split(substr(line, RSTART, RLENGTH), parts, /[ :]+/)
    for (i = 2; i <= count; ++i) namespaces[parts[i]] = 1
  }
  if ((name = declared(line)) != "") declarers[name] = declarers[name] " " file
  # Any other declaration of the name in this file: of a member, a parameter, something yet to come.
  copy = line
  while (match(copy, /(struct|class|typename|using|enum|concept) [A-Za-z_][A-Za-z_0-9]*/)) {
    name = substr(copy, RSTART, RLENGTH)
    sub(/.* /, "", name)
    own[file, name] = 1
    copy = substr(copy, RSTART + RLENGTH)
  }
  is_first = 1
  while (match(line, /(std::|\.|->)?[A-Za-z_][A-Za-z_0-9]*/)) {
    name = substr(line, RSTART, RLENGTH)
    before = substr(line, 1, RSTART - 1)
    line = substr(line, RSTART + RLENGTH)
    if (name ~ /^(\.|->)/) continue
    previous = last
    last = name
    # Of a class or of a template's argument, not of a namespace.
    if (before ~ /::$/ && !(previous in namespaces)) { is_first = 0; continue }
    if (before ~ /<$/ && line ~ /^\(/) continue
    if (name !~ /^std::/ && line ~ /^(<[^()]*>)?\(/) {
      # A call; or the declaration of a member or a variable, which hides the library's name.
      is_declaration = before ~ /^ $|^>?[&*>] $/ && previous !~ /^(return|else|throw|case|co_yield|operator|and|or|not)$/ && !is_first
      if (is_declaration) { members[name "("] = members[name "("] " " file; is_first = 0; continue }
      name = name "("
    }
    if (line ~ /^ = \[/) members[name "("] = members[name "("] " " file
    is_first = 0
    # A type or a concept, as what follows it shows: x<, x::, x& y, x y = ...
    if (name !~ /^std::/ && name !~ /\($/ && line !~ /^(<|::|&&? [a-z_]|&&?[),>]|\* [a-z_]| [a-z_]+( =|[;,(){=]|$))/) continue
    if (!((file, name) in used)) { used[file, name] = FNR; names[file] = names[file] " " name }
  }
}

# Marks in reached what a header includes, itself and through others.
function reach(header, target,   parts, count, i) {
  if ((target, header) in reached) return
  reached[target, header] = 1
  count = split(includes[header], parts, " ")
  for (i = 1; i <= count; ++i) reach(parts[i], target)
}

function is_reached(file, headers,   parts, count, i) {
  count = split(headers, parts, " ")
  for (i = 1; i <= count; ++i) if ((file, parts[i]) in reached) return 1
  return 0
}

END {
  for (f = 1; f <= file_count; ++f) {
    file = files[f]
    reach(file, file)
    count = split(names[file], parts, " ")
    for (i = 1; i <= count; ++i) {
      name = parts[i]
      needed = name ~ /^std::/ ? declares[name] : declarers[name]
      bare = name
      sub(/\($/, "", bare)
      # A constructor's name is its type's; what .cuh files declare is found where a call is compiled for the GPU.
      if (needed != "" && name ~ /\($/) needed = needed declarers[bare]
      if (file ~ /\.hpp$/ && needed ~ /\.cuh/) continue
      if (needed == "" || ((file, name) in own) || is_reached(file, needed members[name])) continue
      split(needed, first, " ")
      print "include/" file ":" used[file, name] ": " bare " is used, but " first[1] " is not included"
    }
  }
}
