"""CPU time of the commands, cold, user and system, the least of some runs."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from tests.benchmarks.measurement import Measurement
from tests.support import DEFINITION, RECIPE, write

_RUNS = 15


def measure() -> Iterator[Measurement]:
    """Measure what a user waits for most often, beside an interpreter that does nothing."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        definition = write(folder / "mine.yaml", DEFINITION)
        recipe = write(folder / "recipe.yaml", RECIPE)
        nothing = cpu_ms([sys.executable, "-c", "pass"])
        yield Measurement(name="python -c pass", value=nothing, unit="ms")
        for arguments, budget in (
            (["arctic-gen", "--help"], 80),
            (["arctic-gen", "validate", str(definition)], 200),
            (["arctic-gen", "validate", str(recipe)], 200),
            (["arctic-train", "--dry-run", str(recipe)], 200),
            (["arctic-gen", "new-trainer", "--no-verify", str(definition)], 400),
        ):
            command = [str(Path(sys.executable).with_name(arguments[0])), *arguments[1:]]
            took = cpu_ms(command, before=partial(_forget, folder / "generated"))
            shown = " ".join([*arguments[:-1], Path(arguments[-1]).name])
            yield Measurement(name=shown, value=took, unit="ms", budget=budget)


def _forget(generated: Path) -> None:
    """Take away what was generated: an unchanged trainer is known without making it anew."""
    shutil.rmtree(generated, ignore_errors=True)


def cpu_ms(
    command: list[str], *, runs: int = _RUNS, before: Callable[[], None] = lambda: None
) -> float:
    """Return the least CPU time of some runs of a command, each after ``before``."""
    return min(_one_run(command, before) for _ in range(runs))


def _one_run(command: list[str], before: Callable[[], None]) -> float:
    before()
    begin = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run(command, check=True, capture_output=True, env=environment)
    end = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (end.ru_utime + end.ru_stime - begin.ru_utime - begin.ru_stime)
