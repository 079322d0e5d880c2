#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Texts from several files, patterns, directories, standard input and compressed files: the same documents are the
# same ids, and a second run takes them from where the first has kept them.
source "$(dirname "$0")/tiny.bash"
export XDG_CACHE_HOME=$PWD/cache

make_teacher
"$RADLADS" tokenize --tokenizer tokenizer --text text.txt --out expected >log.txt

# expect_same TEXT...: tokenize gives the ids of text.txt.
expect_same() {
  "$RADLADS" tokenize --tokenizer tokenizer --text "$@" --out ids --overwrite >log.txt 2>&1 || stop "$*: $(cat log.txt)"
  cmp ids.bin expected.bin || stop "other ids of $*"
  cmp ids.idx expected.idx || stop "other documents of $*"
}

# has_library FILE: whether compressed text is read; says so when it is not.
has_library() {
  "$RADLADS" tokenize --tokenizer tokenizer --text "$1" --out ids --overwrite >log.txt 2>&1 && return
  grep -q "which this build does not have" log.txt || stop "$1: $(cat log.txt)"
  echo "SKIPPED: $(cat log.txt)"
  return 1
}

# The first seven documents and the others, three lines each.
mkdir -p parts/more
head -n 21 text.txt >parts/1.txt
tail -n +22 text.txt >parts/more/2.txt
echo "not a text" >parts/README.md
expect_same parts/1.txt parts/more/2.txt
expect_same parts
expect_same 'parts/[1-9].txt' 'parts/*/*.txt'
expect_same parts/1.txt --text parts/more/2.txt
expect_same - <text.txt
expect_same parts/1.txt - <parts/more/2.txt
cat text.txt | expect_same -

# The same documents as JSON lines.
perl -ne 'if (/^<\|endoftext/) { $text =~ s/\n\z//; $text =~ s/\n/\\n/g; print "{\"text\": \"$text\"}\n"; $text = "" } else { $text .= $_ }' \
  text.txt >text.jsonl
expect_same text.jsonl
expect_same - <text.jsonl

gzip -c parts/1.txt >1.txt.gz
gzip -c parts/more/2.txt >2.txt.gz
if has_library 1.txt.gz; then
  expect_same 1.txt.gz 2.txt.gz
  cat 1.txt.gz 2.txt.gz >both.txt.gz
  expect_same both.txt.gz
  expect_same - <both.txt.gz
  head -c 100 both.txt.gz >cut.txt.gz
  expect_refusal "cut.txt.gz: gzip data ends too early, at byte 100" \
    "$RADLADS" tokenize --tokenizer tokenizer --text cut.txt.gz --out bad
  expect_refusal "cut.txt.gz: gzip data ends too early, at byte 100" "$RADLADS" train --text cut.txt.gz \
    --tokenizer tokenizer --out bad
  cp text.txt plain.txt.gz
  expect_refusal "plain.txt.gz: is not valid gzip at byte 2" "$RADLADS" eval --model teacher --text plain.txt.gz
fi

# Zstandard frames of one raw block each (RFC 8878): a window of 128 KiB, the length and the text itself.
as_zstd() {
  perl -e 'binmode STDOUT; local $/; my $text = <STDIN>;
    print "\x28\xb5\x2f\xfd\x00\x38", substr(pack("V", length($text) * 8 + 1), 0, 3), $text'
}
as_zstd <parts/1.txt >1.txt.zst
as_zstd <parts/more/2.txt >2.txt.zst
if has_library 1.txt.zst; then
  expect_same 1.txt.zst 2.txt.zst
  cat 1.txt.zst 2.txt.zst >both.txt.zst
  expect_same both.txt.zst
  head -c 100 both.txt.zst >cut.txt.zst
  expect_refusal "cut.txt.zst: zstd data ends too early, at byte 100" \
    "$RADLADS" tokenize --tokenizer tokenizer --text cut.txt.zst --out bad
fi

# What cannot be read is named.
tokenize=("$RADLADS" tokenize --tokenizer tokenizer --out bad)
expect_refusal "standard input can be read once" "${tokenize[@]}" --text - -
expect_refusal "none*.txt: no file has a name like this" "${tokenize[@]}" --text 'none*.txt'
mkdir nothing
expect_refusal "nothing: holds no .txt or .jsonl file" "${tokenize[@]}" --text nothing
expect_refusal "expected the extension .txt, .jsonl" "${tokenize[@]}" --text parts/README.md
expect_refusal "read from one file alone" "$RADLADS" train --text expected.bin text.txt --tokenizer tokenizer --out bad
convert=("$RADLADS" convert --teacher teacher --student rad_rwkv7 --out bad)
expect_refusal "can be read once" "${convert[@]}" --text - --eval-text -
expect_refusal "standard input: holds no text" "$RADLADS" eval --model teacher --text - </dev/null
printf 'good\n\xff\n' >parts/more/3.txt
expect_refusal "parts/more/3.txt, line 2, byte 1 of it: is not UTF-8" "${tokenize[@]}" --text parts
rm parts/more/3.txt

# Ids of a text that is not small are kept beside its first file, those of standard input in the cache folder; one
# changed byte of any file, or another order, is another text.
train=("$RADLADS" train --tokenizer tokenizer --threads 1 --model.hidden 16 --model.layers 1 --model.heads 2
  --train.tokens 64 --train.batch 2 --train.context 32)
perl -e 'print "The cat saw the dog, and the dog saw the cat.\n" x 12000' >big.txt
"${train[@]}" --text big.txt text.txt --out first 2>log.txt || stop "$(cat log.txt)"
kept=(big.txt+1.radlads-ids-*.bin)
[ ${#kept[@]} -eq 1 ] && [ -f "${kept[0]}" ] && stop "half a megabyte is kept: ${kept[0]}"
cat big.txt big.txt >bigger.txt
"${train[@]}" --text bigger.txt text.txt --out second 2>log.txt || stop "$(cat log.txt)"
[ "$(ls | grep -c '^bigger.txt+1.radlads-ids-')" -eq 1 ] || stop "no ids beside bigger.txt: $(ls)"
touch -d 2001-01-01 bigger.txt+1.*
"${train[@]}" --text bigger.txt text.txt --out second --restart 2>log.txt || stop "$(cat log.txt)"
[ "$(find . -name 'bigger.txt+1.*' -newermt 2002-01-01 | wc -l)" -eq 0 ] || stop "the ids were made again"
"${train[@]}" --text text.txt bigger.txt --out third 2>log.txt || stop "$(cat log.txt)"
"${train[@]}" --text - text.txt --out fourth <bigger.txt 2>log.txt || stop "$(cat log.txt)"
ls cache/radlads | grep -q '^stdin+1.radlads-ids-' || stop "no ids of standard input: $(ls cache/radlads)"
hash_of() { sed -n 's/^  data_hash: //p' "$1/resolved.yaml"; }
[ "$(hash_of second)" = "$(hash_of fourth)" ] || stop "standard input is another text"
[ "$(hash_of second)" != "$(hash_of third)" ] || stop "another order is the same text"
echo passed
