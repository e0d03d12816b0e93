"""DeepSpeed is imported in the one way that is quiet and compiles nothing."""

from __future__ import annotations

from pathlib import Path

from tests.support import python

_STARTS = """\
import sys

def hook(event, arguments):
    if event in {"subprocess.Popen", "os.posix_spawn", "os.fork", "os.exec", "os.system"}:
        print(event, *arguments)

sys.addaudithook(hook)
from arctic_training.core.mesh import Mesh
from arctic_training.engines.deepspeed.process_group import start_process_group

start_process_group(Mesh())
"""


def test_starting_a_group_starts_no_process(tmp_path: Path) -> None:
    """Neither a compiler nor anything else is started before the first step, and nothing said."""
    assert python("-c", _STARTS, folder=tmp_path) == (0, "", "")
