"""Every shell block of docs/other-languages.md runs, in order, against a real collector, and does what the page says."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .pages import blocks, text_of

PAGE = "docs/other-languages.md"
_SHELL = re.compile(r"<!-- shell: ([\w-]+) -->\n```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ANSWERS = {  # what each block prints that says it worked
    "baseline": ['"stored": 500'],
    "observations": ['"stored": 2'],
    "document": ['"stored": 1'],
    "csv": ['"stored": 2'],
    "parquet": ['"stored": 2', '"stored": 2'],
    "actuals": ['"stored": 2'],
    "kserve": ['"taken": 1', '"taken": 1'],
}


def test_every_shell_block_has_a_name_and_is_run_here():
    found = [name for name, _ in _SHELL.findall(text_of(PAGE))]

    assert found == ["address", *ANSWERS]
    assert len(blocks(text_of(PAGE), "sh")) == len(found)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_examples_run_in_order_and_their_rows_are_stored(served, tmp_path: Path):
    for name, code in _SHELL.findall(text_of(PAGE))[1:]:
        script = f"set -eu\nPATH={Path(sys.executable).parent}:$PATH\nCOLLECTOR={served.http}\n{code}"
        done = subprocess.run(
            ["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
        )

        assert done.returncode == 0, (name, done.stdout, done.stderr)
        at = 0
        for words in ANSWERS[name]:
            at = done.stdout.index(words, at) + len(words)

    stored = served.wait_for("flights-delay", predictions=9, actuals=2)  # KServe's row follows within 10 seconds
    assert stored["actuals"] == 2
    assert [one["status"] for one in served.read("/api/v1/deployments/flights-delay")["baselines"]] == ["active"]
