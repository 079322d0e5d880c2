#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: skipped.sh SUMMARY LOG: what ctest skipped and why, from what it printed and from its LastTest.log.
# Cases of GoogleTest bring their reason. A script that exits with status 77 gives it in its last line; one that
# leaves out a part says so in a line "SKIPPED: reason" and continues.
set -euo pipefail
export LC_ALL=C

awk '
  function found(reason, what) { print (reason == "" ? "no reason is given" : reason) "\t" what }
  # A program none of whose cases ran is named as a whole.
  function end_of_test(   i, is_whole) {
    is_whole = skips > 0 && skips == cases
    for (i = 2; i <= skips; ++i) is_whole = is_whole && reasons[i] == reasons[1]
    if (is_whole) found(reasons[1], test ", all of its " cases " cases")
    for (i = 1; i <= skips && !is_whole; ++i) found(reasons[i], test ", " names[i])
    if (cases == 0 && test in is_skipped) found(last, test)
    cases = skips = 0
    last = ""
  }
  FNR == NR {
    if (/\*\*\*Skipped/) {
      sub(/^.*Test +#[0-9]+: /, "")
      is_skipped[$1] = 1
    }
    next
  }
  /^[0-9]+\/[0-9]+ Testing: / { end_of_test(); test = $3 }
  /^Output:$/ { is_output = 1 }
  /^<end of output>$/ { is_output = is_reason = 0 }
  is_output && !/^(Output:|-+|)$/ { last = $0 }
  is_output && /^SKIPPED: / { found(substr($0, 10), test ", a part") }
  /^\[ RUN      \] / { ++cases; reason = "" }
  /^\[  SKIPPED \] .* \([0-9]+ ms\)$/ {
    is_reason = 0
    names[++skips] = $4
    sub(/,$/, "", names[skips])
    reasons[skips] = reason
  }
  is_reason && NF { reason = reason (reason == "" ? "" : " ") $0 }
  /: Skipped$/ { is_reason = 1 }
  END { end_of_test() }
' "$1" "$2" | sort -u | awk -F '\t' '
  $1 != reason { reason = $1; print reason }
  { print "  " $2 }'
