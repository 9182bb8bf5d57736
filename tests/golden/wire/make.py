"""Make the golden files anew: `python tests/golden/wire/make.py`. Only where the wire contract itself has changed."""

import json
from pathlib import Path

from describe import describe
from examples import examples

HERE = Path(__file__).parent

if __name__ == "__main__":
    for name, message in examples().items():
        (HERE / f"{name}.bin").write_bytes(message.SerializeToString(deterministic=True))
        (HERE / f"{name}.json").write_text(json.dumps(describe(message), indent=1, ensure_ascii=False) + "\n")
