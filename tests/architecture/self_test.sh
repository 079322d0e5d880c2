#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Shows that each rule of check.sh passes a good tree and fails a bad one. $1: a folder to work in.
set -euo pipefail
check=$(cd "$(dirname "$0")" && pwd)/check.sh
work=$1
failures=0
tested=" "

# A tree that breaks no rule, in the current folder.
good_tree() {
  rm -rf "$work/tree"
  mkdir -p "$work/tree"
  cd "$work/tree"
  mkdir -p include/radlads/{core/cpu,ops/cpu,scalar_functions,recurrence,layers,models,io} tests/{core,ops,reference} docs
  header include/radlads/core/view.hpp '// a view'
  header include/radlads/core/cpu/backend.hpp '#include "radlads/core/view.hpp"' '#include <Eigen/Core>'
  header include/radlads/ops/norm.hpp '#include "radlads/core/view.hpp"' '// Eigen::Map is elsewhere'
  header include/radlads/ops/cpu/norm.hpp '#include "radlads/ops/norm.hpp"' '#include <Eigen/Core>'
  header include/radlads/rwkv7.hpp '#include "radlads/ops/norm.hpp"' '#if defined(__CUDACC__)' '#endif'
  header include/radlads/models/config.hpp '#include <vector>'
  plain tests/core/view_test.cpp '#include "radlads/core/view.hpp"'
  plain tests/ops/norm_test.cpp '#include "radlads/ops/norm.hpp"'
  printf 'Prose.\n' >docs/page.md
}

header() {
  local file=$1
  shift
  printf '%s\n' '// SPDX-License-Identifier: Apache-2.0' '#pragma once' "$@" >"$file"
}

plain() {
  local file=$1
  shift
  printf '%s\n' '// SPDX-License-Identifier: Apache-2.0' "$@" >"$file"
}

# expect <rule> <place and words of the message>: the tree now breaks this rule; then the good one is restored.
expect() {
  local rule=$1 words=$2 text status=0
  tested+="$rule "
  text=$(bash "$check" "$rule" .) || status=$?
  if [ "$status" -ne 1 ] || [[ "$text" != *"$words"* ]]; then
    echo "$rule: expected '$words', exit status 1; found '$text', exit status $status"
    failures=$((failures + 1))
  fi
  good_tree
}

good_tree
bash "$check" all . || { echo "the good tree breaks a rule"; exit 1; }

{ printf '<!-- generated -->\n\n'; bash "$(dirname "$check")/support.sh" .; printf '\n<!-- end -->\n'; } >docs/support.md
bash "$check" support_table . || { echo "support_table: the table itself is refused"; exit 1; }
sed -i 's/`norm` | |/`norm` | yes |/' docs/support.md
expect support_table 'docs/support.md:1: its table is not what tests/architecture/support.sh prints'
header include/radlads/ops/norm.hpp '#include "radlads/layers/linear.hpp"'
expect include_direction 'ops/norm.hpp:3: module ops may not include radlads/layers/linear.hpp'
header include/radlads/core/view.hpp '#include "radlads/rwkv7.hpp"'
expect include_direction 'core/view.hpp:3: the library never includes a public header'
header include/radlads/scalar_functions/silu.hpp '#include "radlads/core/view.hpp"'
expect include_direction 'scalar functions know no views'
header include/radlads/io/model.hpp '#include "radlads/models/stack.hpp"'
expect include_direction 'module io may not include radlads/models/stack.hpp'
mkdir include/radlads/shed
header include/radlads/shed/rake.hpp '#include <vector>'
expect include_direction 'shed is not a module'

mkdir -p examples/radlads
plain examples/radlads/eval.cpp '// std::cerr is not used' 'void say() { std::cerr << 1; }'
expect one_way_out 'examples/radlads/eval.cpp:3: the program speaks through messages.hpp'
header include/radlads/ops/norm.hpp 'inline void go() { std::jthread t([] {}); }'
expect checked_threads 'ops/norm.hpp:3: threads are started by core/threads.hpp'

header include/radlads/core/row.hpp 'struct row {};' 'inline int count(row) { return 1; }'
header include/radlads/ops/norm.hpp 'inline int twice(const row& r) { return 2; }'
expect includes_present 'ops/norm.hpp:3: row is used, but radlads/core/row.hpp is not included'
header include/radlads/core/row.hpp 'struct row {};' 'inline int count(int) { return 1; }'
header include/radlads/ops/norm.hpp 'inline int twice() { return 2 * count(1); }'
expect includes_present 'ops/norm.hpp:3: count is used, but radlads/core/row.hpp is not included'
header include/radlads/ops/norm.hpp 'inline std::vector<int> none() { return {}; }'
expect includes_present 'ops/norm.hpp:3: std::vector is used, but vector is not included'

header include/radlads/ops/cpu/norm.hpp '#include "radlads/ops/cuda/norm.cuh"'
expect backends_apart 'ops/cpu/norm.hpp:3: a file under cpu/ includes'
header include/radlads/ops/norm.hpp '#include "radlads/ops/cpu/norm.hpp"'
expect backends_apart 'ops/norm.hpp:3: a contract includes no backend'

header include/radlads/ops/norm.hpp '#include <Eigen/Core>'
expect include_origin 'ops/norm.hpp:3: Eigen belongs under cpu/'
header include/radlads/ops/norm.hpp 'using matrix = Eigen::MatrixXf;'
expect include_origin 'ops/norm.hpp:3: Eigen belongs under cpu/'
header include/radlads/recurrence/scan.hpp '#include <nlohmann/json.hpp>'
expect include_origin 'JSON is read and written by files'
header include/radlads/ops/norm.hpp '#include <cuda_runtime.h>'
expect include_origin 'CUDA headers belong in .cuh'
header include/radlads/ops/norm.hpp '#include "norm_detail.hpp"'
expect include_origin 'only radlads/ by quotes'
header tests/reference/norm.hpp '#include "radlads/ops/norm.hpp"'
expect include_origin 'a reference shares no code'

printf '// SPDX-License-Identifier: Apache-2.0\n\n#pragma once\n' >include/radlads/core/view.hpp
expect header_form 'core/view.hpp:2: the second line is #pragma once'
header include/radlads/core/view.hpp 'namespace {' '}'
expect header_form 'core/view.hpp:3: no anonymous namespace'
header include/radlads/core/view.hpp '#if defined(__CUDACC__)' '#endif'
expect header_form '__CUDACC__ stands only'

header include/radlads/rwkv7.hpp 'struct rwkv7 {};'
expect public_headers_define_nothing 'rwkv7.hpp:3: a public header includes'

rm tests/core/view_test.cpp
expect mirrored_tests 'tests/core/view_test.cpp is missing'

seq 499 | sed "s,^,// ," >>include/radlads/core/view.hpp
expect file_length 'core/view.hpp:501: more than 500 lines'

header include/radlads/core/math_utils.hpp
expect file_names 'math_utils.hpp:1: the name says nothing'

plain tests/core/view_test.cpp '// TODO: more cases'
expect words 'view_test.cpp:2: unfinished work'
printf 'A robust library.\n' >docs/page.md
expect words 'page.md:1: praise'
printf 'Done \xe2\x9c\x85\n' >docs/page.md
expect words 'is a picture'

plain tests/core/view_test.cpp 'std::iota(a, b, 0);' 'auto* x = &iota;'
expect old_words 'view_test.cpp:3: say iclr, not'
printf 'On a card.\n' >docs/page.md
expect old_words 'page.md:1: say GPU, not "card"'
mkdir -p include/radlads/core/plan
header include/radlads/core/plan/view.hpp
expect old_words 'core/plan/view.hpp:1: say dry_run_backend'
plain tests/core/view_test.cpp 'TEST(view, RefusesARank) {}'
expect test_names 'view_test.cpp:2: a test is named like rejects_zero_heads'

printf '#pragma once\n' >include/radlads/core/view.hpp
expect licence_lines 'core/view.hpp:1: the first line is'
printf 'project(x)\nadd_library(x)\n' >CMakeLists.txt
expect licence_lines 'CMakeLists.txt:1: the line'

plain tests/core/view_test.cpp '// see /home/somebody/notes'
expect no_machine_paths 'view_test.cpp:2: a path of one machine'

mkdir -p examples/consumer
printf '// licence\n\nint main() {}\n' >examples/consumer/main.cpp
printf '```cpp\nint main() { return 1; }\n```\n' >README.md
expect readme_program 'README.md:1: its C++ program is not'

header include/radlads/ops/cpu/norm.hpp 'namespace radlads {' 'inline void half_row(int) {}' '}  // namespace radlads'
expect implementation_names 'ops/cpu/norm.hpp:4: half_row is in namespace radlads'

for rule in $(bash "$check" rules); do
  [[ "$tested" == *" $rule "* ]] || { echo "$rule: no bad tree shows that it can fail"; failures=$((failures + 1)); }
done
[ "$failures" -eq 0 ] && echo "Every rule can fail."
exit $((failures > 0))
