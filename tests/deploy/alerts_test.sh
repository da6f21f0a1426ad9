#!/usr/bin/env bash
# The alert rules fire when they should, where Prometheus' promtool is present: alerts_test.sh SOURCE_DIR
set -euo pipefail
command -v promtool >/dev/null || { echo "alerts_test: skipped, needs promtool (Debian's package prometheus)" >&2; exit 77; }
# shellcheck source=tests/deploy/expect.sh
. "$(dirname "$0")/expect.sh"
cp "$1/deploy/observe/alerts.yaml" "$1/tests/deploy/alerts_test.yaml" "$work"
expect 0 "SUCCESS" promtool check rules "$work/alerts.yaml"
expect 0 "SUCCESS" promtool test rules "$work/alerts_test.yaml"
