#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# About 175 MB of real text from Debian 12's packages, for training a mid-size teacher and its students: the
# kernel's documentation and core sources, the manuals of Perl, Python and Vim, and a dictionary of English.
#   examples/gather_text.sh DIR
# writes DIR/text.txt, DIR/held_out.txt (every hundredth document), DIR/held_out/ (the same documents by domain:
# dictionary, kernel_manuals, kernel_source, manuals) and DIR/sources.txt (the packages). These are downloaded and
# unpacked, not installed. A file is a document; documents end with a line of <|endoftext|>.
set -euo pipefail
export LC_ALL=C

out=${1:?usage: examples/gather_text.sh DIR}
mkdir -p "$out/held_out"
packages=(linux-source-6.1 perl-doc python3.11-doc vim-runtime dict-gcide)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"

mkdir "$work/deb" "$work/unpacked" "$work/linux"
chmod 777 "$work/deb"
(cd "$work/deb" && apt-get download -q "${packages[@]}" >"$work/download.log" 2>&1) || {
  echo "gather_text.sh: apt-get download failed: $(tail -n 1 "$work/download.log")" >&2
  exit 1
}
for each in "$work"/deb/*.deb; do dpkg-deb -x "$each" "$work/unpacked"; done
tar -xJf "$work"/unpacked/usr/src/linux-source-6.1.tar.xz -C "$work/linux" --strip-components 1 \
  linux-source-6.1/{Documentation,kernel,mm,fs,net,lib,block}
zcat "$work"/unpacked/usr/share/dictd/gcide.dict.dz >"$work/gcide"

{
  (cd "$work/linux" && find Documentation -type f \( -name '*.rst' -o -name '*.txt' \) | sed "s|^|$work/linux/|")
  (cd "$work/linux" && find kernel mm fs net lib block -type f -name '*.[ch]' | sed "s|^|$work/linux/|")
  find "$work/unpacked/usr/share/perl" -type f -name '*.pod'
  find "$work/unpacked/usr/share/doc/python3.11" -type f -path '*_sources*' -name '*.txt'
  find "$work/unpacked/usr/share/vim" -type f -name '*.txt'
  echo "$work/gcide"
} | sort >"$work/list"

# Documents of at most 200 kB, those of the dictionary of about 8 kB; bytes that are not UTF-8 text are left out.
perl -e '
  use strict;
  my $count = 0;
  my %domains;
  open(my $text_file, ">:raw", "$ARGV[0]/text.txt.partial") or die "text.txt.partial: $!";
  open(my $held_out, ">:raw", "$ARGV[0]/held_out.txt.partial") or die "held_out.txt.partial: $!";
  sub domain_file {
    my ($domain) = @_;
    return $domains{$domain} if $domains{$domain};
    open($domains{$domain}, ">:raw", "$ARGV[0]/held_out/$domain.txt") or die "held_out/$domain.txt: $!";
    return $domains{$domain};
  }
  sub emit {
    my ($text, $domain) = @_;
    utf8::decode($text) or return;
    return if $text =~ /[\x00-\x08\x0e-\x1f]/ || length($text) < 200;
    $text =~ s/<\|endoftext\|>//g;
    $text =~ s/\s*\z/\n/;
    utf8::encode($text);
    my $is_held_out = ++$count % 100 == 0;
    for my $to ($is_held_out ? ($held_out, domain_file($domain)) : $text_file) {
      print $to $text, "<|endoftext|>\n" or die "cannot write: $!";
    }
  }
  while (my $path = <STDIN>) {
    chomp $path;
    open(my $file, "<:raw", $path) or die "$path: $!";
    my $text = do { local $/; <$file> };
    if ($path =~ m{/gcide$}) {
      my $part = "";
      for my $line (split /^/, $text) {
        if (length($part) > 8000 && $line =~ /^\S/) { emit($part, "dictionary"); $part = ""; }
        $part .= $line;
      }
      emit($part, "dictionary");
    } elsif (length($text) <= 200_000) {
      emit($text, $path =~ m{/linux/Documentation/} ? "kernel_manuals" : $path =~ /\.[ch]$/ ? "kernel_source" : "manuals");
    }
  }
  for my $each ($text_file, $held_out, values %domains) { close($each) or die "cannot write: $!"; }
  ' "$out" <"$work/list"
for each in text held_out; do mv "$out/$each.txt.partial" "$out/$each.txt"; done
(cd "$work/deb" && ls -- *.deb) >"$out/sources.txt"
for each in text held_out; do
  echo "$out/$each.txt: $(wc -c <"$out/$each.txt") bytes, $(grep -c '^<|endoftext|>$' "$out/$each.txt") documents"
done
