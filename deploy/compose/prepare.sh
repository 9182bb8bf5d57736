#!/bin/sh
# Once, before the collector's first start: a private authority, the collector's certificate, and a token for each who asks.
# DATA: the collector's data directory. ACCESS: what the others are given. Does nothing where it has run before.
set -eu
: "${DATA:=/data}" "${ACCESS:=/access}" "${HOST:=collector}"
umask 077

[ -e "$DATA/tls/server.pem" ] || tidegauge-collector certs init --host "$HOST" --data "$DATA"
for wanted in "model ingest" "prometheus read" "you admin"; do
  name=${wanted% *}
  [ -e "$ACCESS/$name.token" ] || tidegauge-collector tokens create "$name" --scope "${wanted#* }" --out "$ACCESS/$name.token" --data "$DATA"
done
cp "$DATA/tls/ca.pem" "$ACCESS/ca.pem"
