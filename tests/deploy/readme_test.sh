#!/usr/bin/env bash
# Each file and folder of deploy/ stands in its README's table: readme_test.sh SOURCE_DIR
set -euo pipefail
for path in "$1"/deploy/*; do
  name=$(basename "$path")
  [ ! -d "$path" ] || name+=/
  [ "$name" = README.md ] || grep -q "^|[^|]*\`$name\`" "$1/deploy/README.md" || { echo "deploy/README.md's table lacks $name" >&2; exit 1; }
done
