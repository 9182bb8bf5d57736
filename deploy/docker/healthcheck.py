"""Exit 0 while the collector of this container answers /healthz, else 1 with the reason. Standard library only.

The address is the one that the collector has announced; it is asked on loopback, so the certificate, which names another host, is
not checked: nothing is sent.
"""

import json
import os
import ssl
import sys
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

TIMEOUT_S = 8.0


def main() -> int:
    """Ask, and say what is wrong."""
    announced = Path(os.environ.get("TIDEGAUGE_DATA", "/data")) / "endpoints.json"
    try:
        http = urlsplit(json.loads(announced.read_text(encoding="utf-8"))["http"])
        unchecked = ssl._create_unverified_context() if http.scheme == "https" else None
        url = f"{http.scheme}://127.0.0.1:{http.port}/healthz"
        with urllib.request.urlopen(url, timeout=TIMEOUT_S, context=unchecked):  # raises at any answer but a good one
            return 0
    except (OSError, ValueError, KeyError) as problem:
        print(f"not healthy ({announced}): {problem}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
