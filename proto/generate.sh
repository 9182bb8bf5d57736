#!/usr/bin/env bash
# Makes the committed stubs from telemetry.proto with grpcio-tools 1.62 (they run on protobuf 4.25 to 7).
# usage: generate.sh [OUTPUT_DIR]; the generator lives in a venv of its own, because it pins an old protobuf.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here/../agent/src/tidegauge/wire}
venv=${PROTO_VENV:-$here/../.venv-proto}
if [ ! -x "$venv/bin/python" ]; then
  "${PYTHON:-python3}" -m venv "$venv"
  "$venv/bin/pip" install -q 'grpcio-tools==1.62.3' 'setuptools<81'
fi
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
"$venv/bin/python" -W ignore -m grpc_tools.protoc -I "$here" \
  --python_out="$made" --pyi_out="$made" --grpc_python_out="$made" tidegauge/v1/telemetry.proto
sed -i 's/^from tidegauge\.v1 import telemetry_pb2/from tidegauge.wire import telemetry_pb2/' "$made"/tidegauge/v1/telemetry_pb2_grpc.py
cp "$made"/tidegauge/v1/* "$out/"
