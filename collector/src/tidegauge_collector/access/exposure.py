"""Pure: what must be there before the collector listens beyond this machine, with the very commands that make it so."""

from collections.abc import Iterable
from pathlib import Path


def missing_tls(settings: Iterable[tuple[str, str]], data: Path) -> list[str]:
    """One problem for each (setting, address) that would be open to the network without TLS."""
    return [
        f"{name} = '{address}': would listen beyond this machine without TLS and tokens; run\n"
        f"      tidegauge-collector certs init --data {data} --host NAME_OF_THIS_HOST\n"
        f"      tidegauge-collector tokens create FIRST --scope admin --data {data}\n"
        f'    and set tls_cert = "{data}/tls/server.pem", tls_key = "{data}/tls/server.key" '
        f"(TIDEGAUGE_TLS_CERT, TIDEGAUGE_TLS_KEY; docs/security.md);\n"
        "    or use a loopback address, or say insecure = true where the network itself keeps strangers away"
        for name, address in settings
    ]


def missing_tokens(data: Path) -> str:
    """What to say where nobody could come in."""
    return (
        "listening beyond this machine needs tokens, and there is none yet: nobody could come in; run\n"
        f"      tidegauge-collector tokens create AGENTS --scope ingest --data {data}\n"
        f"      tidegauge-collector tokens create PEOPLE --scope read --data {data}\n"
        "    or say insecure = true where the network itself keeps strangers away (docs/security.md)"
    )
