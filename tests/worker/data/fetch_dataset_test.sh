#!/usr/bin/env bash
# What deploy/fetch-dataset refuses: it must keep nothing that is not the data set, and say why.
set -euo pipefail
fetch=$1/deploy/fetch-dataset
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT

# expect CODE PATTERN ARGUMENT...: the script ends with the code and says something that matches.
expect() {
  local code=$1 pattern=$2 got=0
  shift 2
  "$fetch" "$@" >"$work/said" 2>&1 || got=$?
  if [ "$got" != "$code" ] || ! grep -q -- "$pattern" "$work/said"; then
    echo "fetch-dataset $*: exit code $got instead of $code, or no \"$pattern\" in:" >&2
    cat "$work/said" >&2
    exit 1
  fi
}

expect_nothing_kept() {
  if [ -n "$(ls -A "$work/data")" ]; then
    echo "something was kept: $(ls -A "$work/data")" >&2
    exit 1
  fi
}

expect 2 usage
expect 2 usage mnist --data-dir
expect 2 usage mnist fashion
expect 1 "not cifar" cifar
expect 0 "fashion-mnist, cifar-10 or cifar-100" --help

mkdir "$work/source"
expect 1 "neither train-images-idx3-ubyte nor" mnist --data-dir "$work/data" --from "$work/source"
expect_nothing_kept
for file in train-images-idx3-ubyte train-labels-idx1-ubyte t10k-images-idx3-ubyte; do
  echo "not the real one" >"$work/source/$file"
done
echo "not gzip data" >"$work/source/t10k-labels-idx1-ubyte.gz"
expect 1 "cannot read the files" mnist --data-dir "$work/data" --from "$work/source"
expect_nothing_kept
echo "not the real one" | gzip >"$work/source/t10k-labels-idx1-ubyte.gz"
expect 1 "train-images-idx3-ubyte does not have its known SHA-256" mnist --data-dir "$work/data" --from "$work/source"
expect_nothing_kept

# What is there already is never replaced.
mkdir "$work/data/mnist"
echo precious >"$work/data/mnist/train-images-idx3-ubyte"
expect 1 "move it away" mnist --data-dir "$work/data" --from "$work/source"
grep -q precious "$work/data/mnist/train-images-idx3-ubyte"

# The others keep their files as they come.
expect 1 "has no train-images-idx3-ubyte.gz" fashion-mnist --data-dir "$work/others" --from "$work/data"
echo "not the real one" >"$work/source/cifar-10-binary.tar.gz"
expect 1 "cifar-10-binary.tar.gz does not have its known SHA-256" \
  cifar-10 --data-dir "$work/others" --from "$work/source/cifar-10-binary.tar.gz"
expect 1 "cifar-100-binary.tar.gz is not a file" cifar-100 --data-dir "$work/others" --from "$work/source"
if [ -n "$(ls -A "$work/others")" ]; then
  echo "something was kept: $(ls -A "$work/others")" >&2
  exit 1
fi

# Unpacked files are known by the sums that were recorded when their archive was checked.
mkdir "$work/others/cifar-100"
echo images >"$work/others/cifar-100/train.bin"
expect 1 "SHA256SUMS is missing" cifar-100 --data-dir "$work/others"
(cd "$work/others/cifar-100" && sha256sum train.bin >SHA256SUMS)
expect 0 "already in" cifar-100 --data-dir "$work/others"
echo other >"$work/others/cifar-100/train.bin"
expect 1 "train.bin does not have its known SHA-256" cifar-100 --data-dir "$work/others"
