#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: skipped_test.sh FOLDER: skipped.sh on a small run of ctest that is written here.
set -euo pipefail
folder=$1
mkdir -p "$folder"

cat > "$folder/summary" <<'END'
1/5 Test #1: program.cuda .....................***Skipped   0.00 sec
2/5 Test  #2: ops.cuda .........................***Skipped   0.00 sec
    Start 3: text
3/5 Test #3: text .............................   Passed    0.00 sec
4/5 Test #4: program.eval .....................   Passed    0.00 sec
5/5 Test #5: program.silent ...................***Skipped   0.00 sec
END

block() {
  printf '%s Testing: %s\n%s Test: %s\nCommand: "x"\nOutput:\n%s\n' "$1" "$2" "$1" "$2" "${line:=----------}"
  cat
  printf '<end of output>\nTest time =   0.02 sec\n%s\nTest Passed.\n\n' "$line"
}
{
  block 1/5 program.cuda <<'END'
Looking for a GPU.
There is no GPU.

END
  block 2/5 ops.cuda <<'END'
[ RUN      ] norm/0.Agrees
/x/cuda_case.cuh:43: Skipped
there is no CUDA device

[  SKIPPED ] norm/0.Agrees, where TypeParam = float (0 ms)
[ RUN      ] rope.Agrees
/x/cuda_case.cuh:43: Skipped
there is no CUDA device

[  SKIPPED ] rope.Agrees (1 ms)
[  PASSED  ] 0 tests.
[  SKIPPED ] 2 tests, listed below:
[  SKIPPED ] norm/0.Agrees, where TypeParam = float
[  SKIPPED ] rope.Agrees
END
  block 3/5 text <<'END'
[ RUN      ] tokenizer.Splits
[       OK ] tokenizer.Splits (0 ms)
[ RUN      ] tokenizer.ReadsStories
/x/tokenizer_test.cpp:216: Skipped
"/data" holds
no stories.

[  SKIPPED ] tokenizer.ReadsStories (12 ms)
[ RUN      ] tokenizer.Joins
[       OK ] tokenizer.Joins (0 ms)
[  PASSED  ] 2 tests.
END
  block 4/5 program.eval <<'END'
SKIPPED: "/data" holds no stories.
all is well
END
  block 5/5 program.silent </dev/null
} > "$folder/log"

cat > "$folder/expected" <<'END'
"/data" holds no stories.
  program.eval, a part
  text, tokenizer.ReadsStories
There is no GPU.
  program.cuda
no reason is given
  program.silent
there is no CUDA device
  ops.cuda, all of its 2 cases
END
bash "$(dirname "$0")/skipped.sh" "$folder/summary" "$folder/log" | diff "$folder/expected" -
