"""A step of every built-in trainer is the same, however it is cut and shared out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import LlamaForCausalLM

from arctic_training.conformance.subject import distance
from arctic_training.core.mesh import Mesh
from arctic_training.launcher.torchrun import launch
from tests.conformance.table import STEPS, Row, prepare, table, weights
from tests.support import ROOT

_TOLERANCE = 1e-6
_SAMPLE = "sft-3-1-1-1 sft-2-0-0-1 causal-1-1-0-1 causal-3-0-1-0 dpo-2-1-1-0 dpo-3-1-0-0".split()
_IN_TWO = "sft-3-1-1-1 causal-2-1-0-1 dpo-1-1-1-0 dpo-3-0-0-0".split()


@cache
def _data() -> Path:
    folder = Path(mkdtemp())
    prepare(folder)
    return folder


@cache
def _expected(row: Row) -> dict[str, Tensor]:
    return weights(row, _data(), Mesh())


def _check(rows: Sequence[Row], trained: dict[str, dict[str, Tensor]]) -> None:
    """Compare weights with those of the uncut run, and see that clipping has its effect."""
    away = {}
    for row in rows:
        expected = _expected(row.reference)
        found = trained[str(row)]
        assert found.keys() == expected.keys()
        away[str(row)] = distance(found, expected)
    assert {row: far for row, far in away.items() if far > _TOLERANCE} == {}


@pytest.mark.parametrize("trainer", ["sft", "causal", "dpo"])
def test_the_table_can_fail(trainer: str) -> None:
    """Three steps move the weights far beyond the tolerance, and clipping moves them less far."""
    clipped, free = (_expected(Row(trainer, 0, False, clips, False)) for clips in (True, False))  # noqa: FBT003
    assert distance(clipped, free) > 1000 * _TOLERANCE


@pytest.mark.parametrize("text", _SAMPLE)
def test_one_process(text: str) -> None:
    """Weights after three steps are those of the uncut run, to 1e-6: a sample of the table."""
    row = Row.of(text)
    _check([row], {text: weights(row, _data(), Mesh())})


def test_two_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """So are those of two processes, a sample of the table; transformers loads what ZeRO-3 spread.

    No key is missing or unexpected in what it loads, and the weights are the trained ones, all
    bits of them.
    """
    _check_in_two([Row.of(text) for text in _IN_TWO], monkeypatch)
    (text,) = (text for text in _IN_TWO if text.startswith("sft-3"))
    exported: Any = LlamaForCausalLM.from_pretrained(
        _data() / text / f"global_step_{STEPS}", output_loading_info=True
    )
    model, loading = exported
    assert {name: found for name, found in loading.items() if found} == {}
    trained = torch.load(_data() / f"{text}.pt")
    found = model.state_dict()
    assert {name for name, value in trained.items() if not torch.equal(found[name], value)} == set()


@pytest.mark.full
@pytest.mark.timeout(1800)
def test_one_process_everywhere() -> None:
    """The whole table in one process."""
    rows = list(table())
    _check(rows, {str(row): weights(row, _data(), Mesh()) for row in rows})


@pytest.mark.full
@pytest.mark.timeout(1800)
def test_two_processes_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole table in two processes."""
    _check_in_two(list(table()), monkeypatch)


def _check_in_two(rows: Sequence[Row], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    command = ["-m", "tests.conformance.table", str(_data()), *map(str, rows)]
    assert launch(command, num_processes=2) == (0, "")
    _check(rows, {str(row): torch.load(_data() / f"{row}.pt") for row in rows})
