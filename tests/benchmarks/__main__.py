"""``make bench``: costs as ratios within one run, in one table; exit code 1 if one is over budget.

``python -m tests.benchmarks NAME...`` measures those alone, such as ``commands``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Final

from rich.console import Console
from rich.table import Table

from tests.benchmarks.measurement import Measurement

FOLDER: Final = Path(__file__).parent
NAMES: Final = (
    "commands",
    "starting",
    "generator",
    "definitions",
    "preparing",
    "scale",
    "packed_rows",
    "training_step",
    "memory",
)
"""The benchmarks in the order in which they run; each imports what it compares with."""


def main(names: Iterable[str]) -> int:
    """Run benchmarks, print one table with verdicts; return the exit code."""
    chosen = {name: import_module(f"tests.benchmarks.{name}") for name in names}
    measured: dict[str, list[Measurement]] = {}
    for name, module in chosen.items():
        sys.stderr.write(f"measuring {name} ...\n")
        measured[name] = [*module.measure()]
    Console().print(table(measured, chosen))
    over = sum(each.verdict == "over budget" for group in measured.values() for each in group)
    print(f"{over} over budget" if over else "every budget is kept")
    return 1 if over else 0


def table(
    measured: Mapping[str, Iterable[Measurement]], modules: Mapping[str, ModuleType]
) -> Table:
    """Return the measurements of all benchmarks as one table."""
    found = Table("measured", "value", "budget", "verdict", box=None)
    for name, group in measured.items():
        found.add_section()
        found.add_row(f"[bold]{(modules[name].__doc__ or '').splitlines()[0]}")
        for each in group:
            colour = "red" if each.verdict == "over budget" else "default"
            verdict = f"[{colour}]{each.verdict}[/]" if each.verdict else ""
            found.add_row(f"  {each.name}", each.shown, each.shown_budget, verdict)
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or NAMES))
