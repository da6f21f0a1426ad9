#!/usr/bin/env bash
# What `basin-server token` says and refuses: token_command_test.sh BASIN_SERVER
set -euo pipefail
server=$1
# shellcheck source=tests/deploy/expect.sh
. "$(dirname "$0")/expect.sh"
data=$work/data

# A folder that is not basin's has no tokens to list or to revoke, and is not made.
mkdir "$work/other"
for dir in "$work/typo" "$work/other"; do
  expect 1 "nor a database in $dir" "$server" token list --data-dir "$dir"
  expect 1 "nor a database in $dir" "$server" token revoke --name w1 --data-dir "$dir"
done
[ ! -e "$work/typo" ] || fail "token list made a folder"
[ -z "$(ls -A "$work/other")" ] || fail "token list wrote into a folder that is not basin's"

# A server that runs without tokens takes up the first at its restart alone.
expect 0 "stays open to all until it is restarted" "$server" token create --name w1 --role worker --data-dir "$data"
if grep -q SIGHUP "$work/err"; then fail "the first token promises SIGHUP: $(cat "$work/err")"; fi
grep -q '^basin_[0-9a-f]\{64\}$' "$work/out" || fail "not a token alone on stdout: $(cat "$work/out")"
expect 0 "started with tokens takes it up on SIGHUP" "$server" token create --name ops --role admin --data-dir "$data"
expect 0 "w1 *worker" "$server" token list --data-dir "$data"
expect 1 "no token of 'w2'" "$server" token revoke --name w2 --data-dir "$data"
expect 0 "is revoked.*on SIGHUP" "$server" token revoke --name w1 --data-dir "$data"

# A data dir whose server has never had a token has an empty list.
mkdir "$work/without"
touch "$work/without/basin.db"
expect 0 "^NAME" "$server" token list --data-dir "$work/without"
