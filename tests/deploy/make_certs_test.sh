#!/usr/bin/env bash
# What deploy/make-certs makes and refuses: make_certs_test.sh SOURCE_DIR
set -euo pipefail
make_certs=$1/deploy/make-certs
# shellcheck source=tests/deploy/expect.sh
. "$(dirname "$0")/expect.sh"
certs=$work/certs
names() { openssl x509 -in "$certs/server.crt" -noout -ext subjectAltName | tail -n 1; }

expect 0 "make-certs DIR server" "$make_certs" --help
if [ -s "$work/err" ]; then fail "--help belongs on stdout"; fi
expect 2 "make-certs DIR server" "$make_certs"
if [ -s "$work/out" ]; then fail "a wrong call is answered on stderr"; fi
expect 2 "'--dayz' is no option" "$make_certs" "$certs" server localhost --dayz

for name in 10.0.0 300.1.1.1 1.2.3.4.5 a:b ::1::2 1:2:3:4:5:6:7:8:9 12345::1 :1 '*.example.org' .a a..b -a a- a_b ''; do
  expect 2 "'$name' is " "$make_certs" "$certs" server localhost "$name"
done
for days in 0 00 08 x -1 3651 99999999999999999999; do
  expect 2 "days" "$make_certs" "$certs" server localhost --days "$days"
done
[ ! -e "$certs" ] || fail "a call that was refused made $certs"

expect 0 "server.crt" "$make_certs" "$certs" server localhost coordinator.example.org 10.0.0.1 ::1 2001:db8::10.0.0.1 fe80:0:0:0:1:2:3:4
[ "$(names | tr -cd , | wc -c)" = 5 ] || fail "not the six names: $(names)"
openssl verify -CAfile "$certs/ca.crt" "$certs/server.crt" >/dev/null
for key in ca.key server.key; do
  [ "$(stat -c %a "$certs/$key")" = 600 ] || fail "$key is open to others"
done
# More than a certificate's subject can hold.
long=$(printf 'a%.0s' {1..60}).example.org
expect 0 "server.crt" "$make_certs" "$certs" server "$long"
names | grep -q "$long" || fail "the long name is missing: $(names)"
expect 0 "w1.crt" "$make_certs" "$certs" client w1 --days 8
openssl x509 -in "$certs/w1.crt" -noout -subject | grep -q 'CN = w1$' || fail "w1 has another name"

# A new authority would make every certificate of before worthless: never without being told.
for half in ca.key ca.crt; do
  cp -a "$certs" "$work/half"
  rm "$work/half/$half"
  (cd "$work/half" && sha256sum ./*) >"$work/sums"
  expect 1 "without $half" "$make_certs" "$work/half" client w2
  (cd "$work/half" && sha256sum --quiet -c "$work/sums" && [ ! -e w2.crt ] && [ ! -e "$half" ]) || fail "something was made without $half"
  rm -r "$work/half"
done
expect 0 "w1.crt" "$make_certs" "$work/other" client w1
cp "$work/other/ca.key" "$certs/ca.key"
expect 1 "private key do not match" "$make_certs" "$certs" client w1
