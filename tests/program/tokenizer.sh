#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tokenizer and tokenize: ids that can be worked out by hand, and files in the binidx format.
source "$(dirname "$0")/tiny.bash"

ids_of() {
  od -An -v -tu2 -w1000000 "$1" | tr -s ' ' | sed 's/^ //; s/ $//'
}

expect_ids() {
  local found
  found=$(ids_of "$1.bin")
  [ "$found" = "$2" ] || stop "$1.bin has the ids '$found', expected '$2'"
}

# Without merges: <|endoftext|> is 0, the bytes follow in the order of the byte alphabet: ! is 1, A 33,
# and space, the 33rd of those written above U+0100, is 1 + 188 + 32.
echo "AB BA" >bytes.txt
"$RADLADS" tokenizer --text bytes.txt --vocab 257 --out bytes >log.txt
"$RADLADS" tokenize --tokenizer bytes --text bytes.txt --out bytes_ids >>log.txt
expect_ids bytes_ids "0 33 34 221 34 33"

# One merge: of all pairs, "ab" is there most often.
echo "ab ab ab ab" >merge.txt
"$RADLADS" tokenizer --text merge.txt --vocab 258 --out merge >>log.txt
printf 'ab\n<|endoftext|>\nab b\n' >two.txt
"$RADLADS" tokenize --tokenizer merge --text two.txt --out two >>log.txt
expect_ids two "0 257 0 257 221 66"

# The index: magic, version 1, u16, 2 sequences, 3 document entries, lengths 2 and 4.
[ "$(head -c 7 two.idx)" = MMIDIDX ] || stop "two.idx does not start with MMIDIDX"
fields=$(od -An -v -tu8 -j9 -N8 two.idx)$(od -An -v -tu1 -j17 -N1 two.idx)
fields+=$(od -An -v -tu8 -j18 -N16 two.idx)$(od -An -v -td4 -j34 -N8 two.idx)
[ "$(echo $fields)" = "1 8 2 3 2 4" ] || stop "two.idx says $fields"

# Two texts, one of JSON lines, count together; the same texts give the same file again.
make_text text.txt
printf '{"text": "The cat saw a zebra."}\n{"text": "A zebra saw the cat."}\n' >more.jsonl
"$RADLADS" tokenizer --text text.txt more.jsonl --vocab 280 --out both >>log.txt
"$RADLADS" tokenizer --text text.txt more.jsonl --vocab 280 --out again >>log.txt
cmp both/tokenizer.json again/tokenizer.json
grep -q '280 tokens from 14 documents' log.txt || stop "$(cat log.txt)"
"$RADLADS" tokenize --tokenizer both --text more.jsonl --out threads1 --threads 1 >>log.txt
"$RADLADS" tokenize --tokenizer both --text more.jsonl --out threads2 --threads 2 >>log.txt
cmp threads1.bin threads2.bin
cmp threads1.idx threads2.idx
