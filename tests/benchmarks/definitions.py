"""CPU time of checking 300 definitions: small ones, ones with every kind of field, and children.

Each third is of one sort. The least of some runs, with the start of the command.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.commands import cpu_ms
from tests.benchmarks.measurement import Measurement
from tests.support import DEFINITION, RICH_DEFINITION, write

_GENERATOR = str(Path(sys.executable).with_name("arctic-gen"))
_SORT = 100
_RUNS = 5
_BUDGETS = {"validate": 2000, "lint": 3000}
_CHILD = "schema_version: 1\nname: mine\nextends: dpo\nloss: mine_loss:mine_loss\n"


def measure() -> Iterator[Measurement]:
    """Measure `validate` and `lint` of a folder with all of them."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write(folder / "pyproject.toml", "")
        texts = [text for text in (DEFINITION, RICH_DEFINITION, _CHILD) for _ in range(_SORT)]
        for number, text in enumerate(texts):
            write(folder / f"mine{number}.yaml", _named(text, number))
        for command, budget in _BUDGETS.items():
            took = cpu_ms([_GENERATOR, command, str(folder)], runs=_RUNS)
            name = f"{command}, {len(texts)} definitions"
            yield Measurement(name=name, value=took, unit="ms", budget=budget)


def _named(text: str, number: int) -> str:
    renamed = text.replace("Mine", f"Mine{number}").replace("name: mine\n", f"name: mine{number}\n")
    return renamed.replace("mine_loss:", f"mine{number}_loss:")
