#!/usr/bin/env bash
# What units, images and the compose file set is what the programs read:
# settings_test.sh SOURCE_DIR BASIN_SERVER BASIN_WORKER
set -euo pipefail
deploy=$1/deploy server=$2 worker=$3
# shellcheck source=tests/deploy/expect.sh
. "$(dirname "$0")/expect.sh"
"$server" --help >"$work/server"
"$worker" --help >"$work/worker"

# Lines ROLE VARIABLE of files: for the role $1, and after a line that begins a stage or a service for that.
settings() {
  awk -v role="$1" '
    /^FROM .* AS / {role = $NF}
    /^  [a-z]+:$/ {role = $1; sub(":", "", role)}
    {
      gsub(/\$\{[^}]*\}/, "")  # What the compose file asks of its caller.
      while (role != "-" && match($0, /BASIN_[A-Z_]+/)) {
        print role, substr($0, RSTART, RLENGTH)
        $0 = substr($0, RSTART + RLENGTH)
      }
    }' "${@:2}"
}
for role in server worker; do settings $role "$deploy/systemd/basin-$role.service" "$deploy/systemd/$role.env"; done >"$work/settings"
settings - "$deploy/containers/Containerfile" >>"$work/settings"
settings - "$deploy/containers/compose.yaml" >>"$work/settings"

if [ "$(grep -c "^server" "$work/settings")" -lt 10 ] || [ "$(grep -c "^worker" "$work/settings")" -lt 5 ]; then
  fail "settings were not found: $(cat "$work/settings")"
fi
while read -r role variable; do
  grep -q "(Env:$variable)" "$work/$role" || fail "basin-$role does not read $variable, which deploy/ sets"
done <"$work/settings"

# Where the packaged worker looks for data sets is where the README says to put them.
for file in systemd/basin-worker.service containers/Containerfile; do
  grep -q 'BASIN_DATASETS_DIR=/var/lib/basin-worker$' "$deploy/$file" || fail "$file does not name the data sets' folder"
done
grep -q 'fetch-dataset [a-z]* --data-dir /var/lib/basin-worker$' "$deploy/README.md" || fail "the README puts data sets elsewhere"
