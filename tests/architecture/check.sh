#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Rules of the tree that a compiler does not see.
#   check.sh rules          lists the rules
#   check.sh <rule> <root>  checks one rule; `all` checks every rule
# Every violation is one line "file:line: sentence"; the exit status is 1 when there is any.
set -euo pipefail
shopt -s inherit_errexit
here=$(cd "$(dirname "$0")" && pwd)
export LC_ALL=C.UTF-8

rules=(include_direction includes_present backends_apart include_origin header_form public_headers_define_nothing mirrored_tests
       file_length file_names words old_words test_names licence_lines no_machine_paths readme_program support_table
       one_way_out checked_threads implementation_names)

# Files below the given folders with the given endings, relative to the root.
files() {
  local folders=() endings=() folder
  for folder in $1; do [ -e "$folder" ] && folders+=("$folder"); done
  [ ${#folders[@]} -gt 0 ] || return 0
  for ending in $2; do endings+=(-o -name "$ending"); done
  find "${folders[@]}" -type f \( "${endings[@]:1}" \) | LC_ALL=C sort
}

code_endings='*.hpp *.cuh *.cpp *.cu'
headers() { files include/radlads '*.hpp *.cuh'; }
code() { files 'include tests examples benchmarks' "$code_endings"; }
scripts() { files 'CMakeLists.txt cmake tests examples benchmarks docs' 'CMakeLists.txt *.cmake *.cmake.in *.sh'; }
prose() { files 'README.md CHANGELOG.md CONTRIBUTING.md docs' '*.md'; }

# Lines "file:line:included path" of all includes of the files on standard input.
includes() {
  xargs -r awk '/^[ \t]*#[ \t]*include/ {
    path = $0; sub(/^[^<"]*/, "", path); sub(/[ \t]*\/\/.*/, "", path)
    print FILENAME ":" FNR ":" path }'
}

# Runs an awk program, given its text, over the files on standard input.
each_line() { xargs -r awk "$1"; }

# Modules may include only the modules listed here.
include_direction() {
  headers | includes | awk -F: '
    BEGIN {
      may["core"] = "core"
      may["ops"] = "core ops"
      may["scalar_functions"] = "core scalar_functions"
      may["recurrence"] = "core recurrence"
      may["layers"] = "core ops scalar_functions recurrence layers"
      may["models"] = may["layers"] " models"
      may["transfer"] = may["models"] " transfer"
      may["parallel"] = "core parallel"
      may["optim"] = "core ops parallel optim"
      may["distill"] = may["models"] " parallel optim distill"
      may["evaluate"] = may["models"] " files text evaluate"
      may["files"] = "core files"
      may["io"] = "core files text io"
      may["text"] = "core files text"
      may["data"] = "core files data"
      may["convert"] = may["models"] " transfer parallel optim distill files io text data convert"
    }
    {
      path = $3; gsub(/["<>]/, "", path)
      if (split($1, from, "/") < 4 || path == "radlads/version.hpp") next
      module = from[3]
      if (!(module in may)) {
        print $1 ":" $2 ": " module " is not a module"; next
      }
      parts = split(path, to, "/")
      if (to[1] != "radlads") next
      if (parts < 3) {
        print $1 ":" $2 ": the library never includes a public header, here " path; next
      }
      if (module == "io" && path == "radlads/models/config.hpp") next
      if (index(" " may[module] " ", " " to[2] " ") == 0)
        print $1 ":" $2 ": module " module " may not include " path
      if (module == "scalar_functions" && path ~ /^radlads\/core\/(view|tensor|backend|arena|cpu\/)/)
        print $1 ":" $2 ": scalar functions know no views and no backends, here " path
    }'
}

# Every header includes what declares the names that it uses. Constants and names behind two namespaces escape this;
# compiling each header alone takes minutes and finds them (option RADLADS_VERIFY_HEADERS).
includes_present() { headers | xargs -r awk -f "$here/includes.awk"; }

backends_apart() {
  headers | includes | awk -F: '
    $1 ~ /\/cpu\// && $3 ~ /\/cuda\// { print $1 ":" $2 ": a file under cpu/ includes " $3 }
    $1 ~ /\/cuda\// && $3 ~ /\/cpu\// { print $1 ":" $2 ": a file under cuda/ includes " $3 }
    $1 ~ /radlads\/(ops|recurrence)\/[a-z0-9_]+\.hpp$/ && $3 ~ /\/(cpu|cuda|dry_run)\// {
      print $1 ":" $2 ": a contract includes no backend, here " $3 }'
}

# Which foreign headers may stand where; tests/reference shares no code with the library.
include_origin() {
  headers | includes | awk -F: '
    { where = $1 ":" $2 ": " }
    $3 ~ /^"/ && $3 !~ /^"radlads\// { print where "the library includes only radlads/ by quotes, here " $3 }
    $3 ~ /^<radlads\// { print where "radlads headers are included by quotes, here " $3 }
    $3 ~ /^<(Eigen|unsupported)\// && $1 !~ /\/cpu\// { print where "Eigen belongs under cpu/" }
    $3 ~ /^<nlohmann\// && $1 !~ /radlads\/(files|text)\// { print where "JSON is read and written by files/json.hpp" }
    $3 ~ /^<(CLI|yaml-cpp|fmt|gtest|gmock|benchmark)\// { print where "the library may not need " $3 }
    $3 ~ /^<(cuda|cublas|cub\/|thrust\/|mma)/ && $1 !~ /\.cuh$/ { print where "CUDA headers belong in .cuh files, here " $3 }'
  headers | { grep -v /cpu/ || true; } | each_line '
    { line = $0; sub(/\/\/.*/, "", line) }
    line ~ /Eigen::/ { print FILENAME ":" FNR ": Eigen belongs under cpu/" }'
  files tests/reference "$code_endings" | includes | awk -F: '
    $3 ~ /radlads\// { print $1 ":" $2 ": a reference shares no code with the library, here " $3 }'
}

header_form() {
  headers | each_line '
    FNR == 2 && $0 != "#pragma once" { print FILENAME ":2: the second line is #pragma once" }
    { line = $0; sub(/\/\/.*/, "", line) }
    line ~ /^[ \t]*using namespace/ { print FILENAME ":" FNR ": no using namespace in a header" }
    line ~ /^[ \t]*namespace[ \t]*\{/ { print FILENAME ":" FNR ": no anonymous namespace in a header" }
    line ~ /(^|[^a-z_])thread_local([^a-z_]|$)/ { print FILENAME ":" FNR ": no thread_local in a header" }
    line ~ /__CUDACC__/ && FILENAME !~ /^include\/radlads\/([a-z0-9_]+|core\/config)\.hpp$/ {
      print FILENAME ":" FNR ": __CUDACC__ stands only in core/config.hpp and at the foot of public headers" }'
}

# A public header holds includes and prose; version.hpp is an exception.
public_headers_define_nothing() {
  { ls include/radlads/*.hpp 2>/dev/null || true; } | { grep -v /version.hpp || true; } | each_line '
    !/^[ \t]*(#[ \t]*(pragma once|include|if|elif|else|endif).*|\/\/.*)?$/ {
      print FILENAME ":" FNR ": a public header includes, it does not define" }'
}

# docs/support.md says what the tests run.
support_table() {
  [ -e docs/support.md ] || return 0
  diff <(sed -n '/^<!-- generated -->$/,/^<!-- end -->$/p' docs/support.md | sed '1,2d' | sed '$d' | sed '$d') \
    <(bash "$here/support.sh" .) >/dev/null ||
    echo "docs/support.md:1: its table is not what tests/architecture/support.sh prints"
}

mirrored_tests() {
  local header module stem
  for header in include/radlads/*/*.hpp; do
    [ -e "$header" ] || continue
    module=$(basename "$(dirname "$header")")
    stem=$(basename "$header" .hpp)
    case $stem in concepts | config | instances | version) continue ;; esac
    [ -e "tests/$module/${stem}_test.cpp" ] ||
      echo "$header:1: tests/$module/${stem}_test.cpp is missing"
  done
}

file_length() {
  code | each_line 'FNR == 501 { print FILENAME ":501: more than 500 lines" }'
}

file_names() {
  { code; scripts; prose; } | awk '
    { name = $0; sub(/.*\//, "", name) }
    tolower(name) ~ /helper|util|manager|processor|factory|(^|_)(common|misc|new|fast|impl2|v2)(_|\.)/ {
      print $0 ":1: the name says nothing about what the file holds" }'
}

words() {
  { code; scripts; prose; } | { grep -v '^tests/architecture/' || true; } | each_line '
    { line = tolower($0) }
    match(line, /for now([^a-z]|$)|todo([^a-z]|$)|fixme|simplified version|in a real implementation|placeholder/) {
      print FILENAME ":" FNR ": unfinished work is not checked in: " substr($0, RSTART, RLENGTH) }
    match(line, /(^|[^a-z])(robust|comprehensive|seamless|blazing|cutting-edge|state-of-the-art)/) {
      print FILENAME ":" FNR ": praise says nothing: " substr($0, RSTART, RLENGTH) }'
  { headers; prose; files examples "$code_endings"; } |
    xargs -r grep -HnoP '[\x{2600}-\x{27BF}\x{1F300}-\x{1FAFF}]' | sed 's/$/ is a picture, not a word/' || true
}

# Words of tests/words.txt, in lines and in paths.
old_words() {
  local list=$here/../words.txt searched
  searched=$({ code; scripts; prose; files 'examples .ci' '*.yaml *.bash'; } |
    { grep -vE '^(tests/architecture/|docs/glossary\.md$)' || true; })
  # grep finds the few lines that match at all; perl says which word it is.
  {
    xargs -r env LC_ALL=C grep -HniE -f <(sed -n '/^#/d; s/ => .*//p' "$list") <<<"$searched" || true
    sed 's/.*/&:1:&/' <<<"$searched" | { LC_ALL=C grep -iE -f <(sed -n '/^#/d; s/ => .*//p' "$list") || true; }
  } | perl -e '
    open(my $list, "<", shift) or die "check.sh: cannot read tests/words.txt\n";
    my (@words, @skipped);
    while (<$list>) {
      if (/^#/) { next }
      elsif (/^not yet (.*)/) { push @skipped, split(" ", $1) }
      elsif (/^(.*) => (.*)/) { push @words, [qr/$1/i, $2, scalar @skipped] }
    }
    while (<STDIN>) {
      my ($file, $line, $text) = /^(.*?):(\d+):(.*)/ or next;
      my $is_skipped = grep { index("$file/", "$_/") == 0 } @skipped;
      for my $word (@words) {
        next if $is_skipped && $word->[2];
        print "$file:$line: say $word->[1], not \"$&\"\n" if $text =~ $word->[0];
      }
    }' "$list"
}

# One style of names.
test_names() {
  files tests '*_test.cpp *_test.cu *.hpp *.cuh' | each_line '
    match($0, /^(TYPED_)?TEST(_F|_P)?\([A-Za-z0-9_]+, *[A-Z]/) {
      print FILENAME ":" FNR ": a test is named like rejects_zero_heads: " $0 }'
}

licence_lines() {
  code | each_line '
    FNR == 1 && $0 != "// SPDX-License-Identifier: Apache-2.0" {
      print FILENAME ":1: the first line is // SPDX-License-Identifier: Apache-2.0" }'
  scripts | xargs -r awk '
    FNR == 1 { found = 0 }
    $0 == "# SPDX-License-Identifier: Apache-2.0" && FNR <= 2 { found = 1 }
    FNR == 2 && !found { print FILENAME ":1: the line # SPDX-License-Identifier: Apache-2.0 is missing" }'
}

no_machine_paths() {
  { code; scripts; prose; } | { grep -v '^tests/architecture/' || true; } | each_line '
    match($0, /(^|[^A-Za-z0-9_.~}>-])\/(root|work|home|Users|mnt)\//) {
      print FILENAME ":" FNR ": a path of one machine: " $0 }'
  headers | each_line 'index($0, "/tmp/") { print FILENAME ":" FNR ": a path of one machine: " $0 }'
}

# The program that README.md shows is the consumer that the package tests build and run.
readme_program() {
  [ -f README.md ] && [ -f examples/consumer/main.cpp ] || return 0
  diff -q <(awk '/^```cpp$/ { shown = 1; next } /^```$/ { shown = 0 } shown' README.md) \
    <(sed '1,/^$/d' examples/consumer/main.cpp) >/dev/null ||
    echo "README.md:1: its C++ program is not examples/consumer/main.cpp"
}

# What the program says goes through messages.hpp, which drops what nobody takes, checks what was asked for and
# lets no control character through.
one_way_out() {
  files examples/radlads "$code_endings" | { grep -v '/messages\.[ch]pp$' || true; } | each_line '
    { line = $0; gsub(/"[^"]*"/, "", line); sub(/\/\/.*/, "", line) }
    line ~ /fmt::print|std::(cout|cerr|clog)|(^|[^a-z_n])(printf|fprintf|puts|fputs|putchar|perror)[ (]/ {
      print FILENAME ":" FNR ": the program speaks through messages.hpp" }'
}

# A thread that the system refuses is an error with a sentence: core/threads.hpp makes them.
checked_threads() {
  files 'include examples/radlads' "$code_endings" | { grep -v '/core/threads\.hpp$' || true; } | each_line '
    { line = $0; gsub(/"[^"]*"/, "", line); sub(/\/\/.*/, "", line) }
    line ~ /std::async|std::j?thread[ ]*[({]|std::j?thread [a-z_]+[ ]*[({]|emplace_back\(\[.*thread/ {
      print FILENAME ":" FNR ": threads are started by core/threads.hpp" }'
}

# `using namespace radlads` pulls in no implementation: what operations, recurrences and the optimizer need for themselves
# is in namespaces below it, such as cpu_detail.
implementation_names() {
  files 'include/radlads/ops include/radlads/recurrence include/radlads/optim' '*.hpp *.cuh' | each_line '
    FNR == 1 { is_inside = 0 }
    /^namespace radlads \{/ { is_inside = 1; next }
    /^}  \/\/ namespace radlads$/ { is_inside = 0 }
    is_inside && /^[a-zA-Z]/ && !/^(template|namespace|requires|static_assert|return)/ && / / {
      name = $0; sub(/[({=;].*/, "", name); sub(/ +$/, "", name); sub(/ :.*/, "", name); sub(/<.*>$/, "", name)
      sub(/.*[ *&]/, "", name)
      print FILENAME ":" FNR ": " name " is in namespace radlads; implementation goes into a namespace below it"
    }'
}

if [ "${1:-}" = rules ]; then
  printf '%s\n' "${rules[@]}"
  exit 0
fi
[ $# -eq 2 ] || { echo "usage: check.sh rules | check.sh <rule>|all <root>" >&2; exit 2; }
cd "$2"
case $1 in
  all) chosen=("${rules[@]}") ;;
  *) chosen=("$1") ;;
esac
found=0
for rule in "${chosen[@]}"; do
  [[ " ${rules[*]} " == *" $rule "* ]] || { echo "check.sh: no rule is called $rule." >&2; exit 2; }
  violations=$("$rule")
  if [ -n "$violations" ]; then
    echo "$violations"
    found=1
  fi
done
exit "$found"
