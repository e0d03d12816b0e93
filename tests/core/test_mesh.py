"""The process mesh, and the environment variables that describe it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from arctic_training.core.mesh import BATCH_AXES, Mesh, World, environment_problem
from arctic_training.data.loading.loader import EpochLoader
from arctic_training.engines.deepspeed.derived_config import deepspeed_config
from arctic_training.engines.deepspeed.engine import DeepSpeedEngine
from arctic_training.launcher.failure_report import should_report_failure
from tests.tiny import sft_config

_MEETING = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29500"}


@pytest.mark.parametrize(
    ("environment", "problem"),
    [
        ({}, ""),
        ({"RANK": "1", "WORLD_SIZE": "2", **_MEETING}, ""),
        ({"WORLD_SIZE": "two"}, "WORLD_SIZE: expected a non-negative integer, found `two`"),
        ({"RANK": "-1"}, "RANK: expected a non-negative integer, found `-1`"),
        ({"LOCAL_RANK": ""}, "LOCAL_RANK: expected a non-negative integer, found ``"),
        ({"WORLD_SIZE": "0"}, "RANK is 0, but WORLD_SIZE is 0: ranks count from 0"),
        ({"RANK": "1"}, "RANK is 1, but WORLD_SIZE is 1: ranks count from 0"),
        (
            {"RANK": "2", "WORLD_SIZE": "2", **_MEETING},
            "RANK is 2, but WORLD_SIZE is 2: ranks count from 0",
        ),
        (
            {"WORLD_SIZE": "2", **_MEETING},
            "WORLD_SIZE is 2, but RANK is not set (which process this is)",
        ),
        (
            {"RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1"},
            "WORLD_SIZE is 2, but MASTER_PORT is not set (where processes meet)",
        ),
    ],
)
def test_an_environment_that_cannot_be(
    environment: dict[str, str], problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What no launcher says is told in words, where a process would wait for others for ever.

    Whichever process it is, it says so itself.
    """
    for name in ("RANK", "LOCAL_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert environment_problem() == problem
    should_report_failure.cache_clear()
    assert not problem or should_report_failure()
    should_report_failure.cache_clear()
    assert isinstance(Mesh.of_environment().is_first, bool)


MESH = [Mesh(rank, data=2, sequence=2) for rank in range(4)]


def test_coordinates_are_row_major() -> None:
    """Of a mesh of data 2 x sequence 2, neighbouring ranks are in one sequence group."""
    found = [(mesh.coordinate("data"), mesh.coordinate("sequence")) for mesh in MESH]
    assert found == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert [mesh.group("data") for mesh in MESH] == [[0, 2], [1, 3], [0, 2], [1, 3]]
    assert [mesh.group("sequence") for mesh in MESH] == [[0, 1], [0, 1], [2, 3], [2, 3]]
    assert {tuple(mesh.group("data", "sequence")) for mesh in MESH} == {(0, 1, 2, 3)}


def test_sizes_name_their_axes() -> None:
    """A size is that of the axes that are named; `world` is the alias without axes."""
    mesh = MESH[3]
    assert (mesh.size("data"), mesh.size("sequence"), mesh.size(*BATCH_AXES)) == (2, 2, 4)
    assert (mesh.world, mesh.num_processes, mesh.is_first) == (World(3, 4), 4, False)
    assert Mesh() == Mesh(0, data=1, sequence=1)


@pytest.mark.parametrize("keeps_batches", [False, True])
def test_a_sequence_group_gets_the_same_rows(*, keeps_batches: bool) -> None:
    """Two ranks of one sequence group get the same samples; the data axis splits them all."""
    shares = [_share(mesh, keeps_batches=keeps_batches) for mesh in MESH]
    assert shares[0] == shares[1] != shares[2] == shares[3]
    together = [sample for batch in (*shares[0], *shares[2]) for sample in batch]
    assert sorted(together) == list(range(11))


def _share(mesh: Mesh, *, keeps_batches: bool) -> list[list[int]]:
    """Return the batches of a process, of 11 samples, without those that are padding."""
    loader = EpochLoader(range(11), list[int], micro_batch_size=2, seed=0)
    loader.share(mesh, keeps_batches=keeps_batches)
    indices = [index for index in range(len(loader)) if not loader.is_padding_batch(index)]
    return [loader.samples(0, index) for index in indices]


def test_the_division_spans_data_and_sequence() -> None:
    """DeepSpeed averages over all 4 processes: a sum of 24 things is divided by 24 / 4."""
    optimizer = SimpleNamespace(loss_scale=1.0, overflow=False)
    scales: list[float] = []
    wrapper = SimpleNamespace(
        optimizer=optimizer,
        step=lambda: scales.append(optimizer.loss_scale),
        get_global_grad_norm=lambda: 1.0,
    )
    engine = DeepSpeedEngine.__new__(DeepSpeedEngine)
    parts = {"_mesh": MESH[0], "_loss_scale": None, "_wrapper": wrapper, "zero_stage": 1}
    vars(engine).update(parts)
    assert engine.step(count=24)
    assert scales == [6]


def test_the_batch_of_deepspeed_counts_every_process() -> None:
    """DeepSpeed checks micro-batch x accumulation x processes, and knows no sequence axis."""
    config = sft_config(micro_batch_size=3, gradient_accumulation_steps=5)
    assert deepspeed_config(config, MESH[0], 77)["train_batch_size"] == 3 * 5 * 4
