"""Does what building and running our images would do, where there is no Docker: `python tests/contract/deploy/rehearse.py`.

For each image: the RUN steps that install, in a clean environment in place of /opt/tidegauge; then its command, as its user's
container would start it, on loopback; for the collector its health check. Installs from the package index that pip is set to.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from dockerfiles import DEPLOY, ROOT, environment, of, stages

TARGET = "/opt/tidegauge"
WAIT_S = 120.0


def main() -> int:
    """Rehearse both images; a step that fails ends it."""
    for name in ("collector", "shipper"):
        with tempfile.TemporaryDirectory() as folder:
            build, last = stages(DEPLOY / f"docker/Dockerfile.{name}")
            opt = str(Path(folder) / "opt")
            for step in of(build, "RUN"):
                run(step.text.replace(TARGET, opt))
            entry, command = (of(last, which)[0].words for which in ("ENTRYPOINT", "CMD"))
            words = [f"{opt}/bin/{entry[0]}", *entry[1:], *command]
            (rehearse_collector if name == "collector" else rehearse_shipper)(words, environment(last), Path(folder))
        print(f"{name}: installs, starts, answers, ends as asked", flush=True)
    return 0


def run(step: str) -> None:
    """One RUN step, with the checkout as its work directory."""
    print(f"RUN {step}", flush=True)
    plain = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    if step.startswith("python "):
        step = f"{sys.executable} {step.removeprefix('python ')}"
    subprocess.run(step, shell=True, cwd=ROOT, check=True, env=plain)


def rehearse_collector(words: list[str], settings: dict[str, str], folder: Path) -> None:
    """Start it, ask for its health with the image's own check, end it."""
    data = folder / "data"
    place = {"TIDEGAUGE_DATA": str(data), "TIDEGAUGE_HTTP": "127.0.0.1:0", "TIDEGAUGE_GRPC": "127.0.0.1:0"}
    refused = subprocess.run(
        words, env=started_with(settings | {"TIDEGAUGE_DATA": str(data)}), capture_output=True, check=False
    )
    if refused.returncode != 78:
        raise SystemExit(f"beyond the container without TLS: exit code {refused.returncode}, expected 78")
    process = subprocess.Popen(words, env=started_with(settings | place))
    waited((data / "endpoints.json").exists, process)
    check = [f"{folder}/opt/bin/python", str(DEPLOY / "docker/healthcheck.py")]
    subprocess.run(check, env=started_with(place), check=True)
    ended(process)


def rehearse_shipper(words: list[str], settings: dict[str, str], folder: Path) -> None:
    """Start it on an empty spool and end it."""
    spool = folder / "spool"
    spool.mkdir()
    words = [str(spool) if word == "/spool" else word for word in words]
    process = subprocess.Popen(words, env=started_with(settings))
    time.sleep(3.0)  # it says nothing while there is nothing to ship
    if process.poll() is not None:
        raise SystemExit(f"the shipper ended with {process.returncode}")
    ended(process)


def started_with(settings: dict[str, str]) -> dict[str, str]:
    """The environment of a container: nothing of ours but the path of the system's programs."""
    return settings | {"PATH": os.environ["PATH"]}


def waited(is_so, process: subprocess.Popen) -> None:
    """Wait until something is so, as long as the process lives."""
    deadline = time.monotonic() + WAIT_S
    while not is_so():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise SystemExit(f"{process.args} did not start")
        time.sleep(0.05)


def ended(process: subprocess.Popen) -> None:
    """End it as Docker does."""
    process.send_signal(signal.SIGTERM)
    if process.wait(WAIT_S) != 0:
        raise SystemExit(f"{process.args} ended with {process.returncode}")


if __name__ == "__main__":
    sys.exit(main())
