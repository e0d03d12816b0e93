"""What is generated is the same under every version of Python that is here.

A version is tried where its ``python3.x`` is on the path and has the packages that the generator
needs, or where ``make setup PYTHON=python3.x VENV=.venv-3.x`` has put them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import RICH_DEFINITION, ROOT, write

_NEEDED = "import click, filelock, jinja2, jsonschema_rs, markupsafe, pydantic, ruff, yaml"
_DEFINITIONS = {
    "mine": RICH_DEFINITION.replace("exact]", r'"\U0001fae8\U00013439\xad\u4e2d"]')
    + 'description: "Gr\xf6\xdfe,\\n\\xa0 \\u3000\U0001f600\\n \\xa0 \U0001fae9\\U00013439."\n'
} | {f"my-{name}": f"name: my-{name}\nextends: {name}\n" for name in ("causal", "dpo", "sft")}
"""Every kind of field, the built-in trainers, and what is a space or a sign to one Python only."""


def _interpreter(version: str) -> str:
    """Return the command of a version; skip the test where it cannot run the generator."""
    own = ROOT / f".venv-{version}/bin/python"
    command = str(own) if own.exists() else shutil.which(f"python{version}")
    if command is None:
        pytest.skip(f"Python {version} is not here")
    if subprocess.run([command, "-c", _NEEDED], capture_output=True, check=False).returncode:
        pytest.skip(f"{command} lacks what the generator needs, or does not start")
    return command


def _made(command: str, folder: Path) -> dict[str, bytes]:
    """Generate trainers in a folder; return all files."""
    named = [write(folder / f"{name}.yaml", text).name for name, text in _DEFINITIONS.items()]
    generate = [command, "-m", "arctic_training.cli.gen", "new-trainer", "--no-verify", *named]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run(generate, cwd=folder, env=environment, check=True)
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14"])
def test_every_version_of_python_makes_the_same_bytes(version: str, tmp_path: Path) -> None:
    """No byte depends on the Python that runs the generator."""
    command = _interpreter(version)
    expected = _made(sys.executable, tmp_path / "here")
    assert expected == _made(command, tmp_path / "there")
