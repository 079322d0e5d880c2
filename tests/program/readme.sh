#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The commands on the program that README.md shows, as they stand there, on a small teacher and text.
source "$(dirname "$0")/tiny.bash"

make_teacher
for i in $(seq 20); do cat text.txt; done >long.txt
mv long.txt text.txt
echo '{% for m in messages %}{{ m.role }}: {{ m.content }}<|endoftext|>{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}' >teacher/chat_template.jinja
mkdir bin
# On this path as an installed program is; only the sizes of the recipe's stages are others.
cat >bin/radlads <<'SH'
#!/bin/sh
case $1 in
  convert) exec "$RADLADS" "$@" --threads 1 --align.tokens 512 --align.context 32 --align.batch 4 \
    --distill.tokens 512 --distill.context 32 --distill.batch 4 ;;
  *) exec "$RADLADS" "$@" ;;
esac
SH
chmod +x bin/radlads
PATH=$PWD/bin:$PATH
# Of the fenced blocks, not of the prose.
awk '/^```/ { inside = !inside; next } inside && /^radlads /' "$RADLADS_SOURCE_DIR/README.md" >commands.txt
[ "$(wc -l <commands.txt)" -ge 3 ] || stop "README.md shows $(wc -l <commands.txt) commands"
while IFS= read -r command; do
  # Only chat reads what is asked.
  echo 'Where is the cat?' >question.txt
  eval "$command" >out.txt 2>log.txt <question.txt || stop "README.md: $command: $(cat log.txt)"
  [ -s out.txt ] || stop "README.md: $command prints nothing"
  case $command in
    "radlads generate"*) head -c 16 out.txt | grep -qx "Once upon a time" || stop "not a continued text: $(cat out.txt)" ;;
  esac
done <commands.txt

# What README.md says of --device: the commands that run a model take it, the others do not.
for command in tokenize train transfer align distill extend convert eval logits generate; do
  "$RADLADS" $command --help | grep -q -- --device || stop "$command has no --device"
done
for command in inspect tokenizer export; do
  "$RADLADS" $command --help | grep -q -- --device && stop "$command has a --device that it does not need"
done
# The options and targets of the build that it shows are those of the tree.
cd "$RADLADS_SOURCE_DIR"
for option in $(sed -n '/^cmake -S/s/-D\([A-Z_]*\)=/\n-D\1\n/gp' README.md | sed -n 's/^-D//p'); do
  grep -rqw "$option" CMakeLists.txt cmake || [ "$option" = CMAKE_BUILD_TYPE ] || stop "README.md: there is no option $option"
done
grep -q "^add_custom_target(program " examples/CMakeLists.txt || stop "README.md: there is no target program"
echo passed
