#!/usr/bin/env bash
# The committed stubs on every protobuf that a model service may have pinned: an environment for each, made and thrown away.
set -euo pipefail
cd "$(dirname "$0")/../../.."
uv=$PWD/.venv/bin/uv
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
for version in "${@:-4.25 5.29 6.33 7}"; do
  for one in $version; do
    "$uv" venv --quiet --python "$PWD/.venv/bin/python" "$made/$one"
    "$uv" pip install --quiet --python "$made/$one/bin/python" "protobuf==$one.*" numpy wrapt
    PYTHONPATH=agent/src "$made/$one/bin/python" -W error tests/contract/stubs/round_trip.py
  done
done
