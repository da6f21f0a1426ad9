# shellcheck shell=bash
# For scripts that test programs and scripts: a folder of their own in $work, and `expect`.
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT

# expect CODE PATTERN COMMAND...: the command ends with the code and says something that matches. Its stdout and stderr stay
# in $work/out and $work/err.
expect() {
  local code=$1 pattern=$2 got=0
  shift 2
  "$@" >"$work/out" 2>"$work/err" || got=$?
  if [ "$got" != "$code" ] || ! cat "$work/out" "$work/err" | grep -q -- "$pattern"; then
    echo "$*: exit code $got instead of $code, or no \"$pattern\" in:" >&2
    cat "$work/out" "$work/err" >&2
    exit 1
  fi
}

fail() {
  echo "$*" >&2
  exit 1
}
