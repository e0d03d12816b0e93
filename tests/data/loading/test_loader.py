"""The order of samples, and batches."""

from __future__ import annotations

import multiprocessing
import random
from itertools import chain

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from arctic_training.core.mesh import Mesh
from arctic_training.data.loading.loader import EpochLoader


def _loader(samples: int, size: int, seed: int, num_workers: int = 0) -> EpochLoader[list[int]]:
    return EpochLoader(
        range(samples), list, micro_batch_size=size, seed=seed, num_workers=num_workers
    )


@given(
    samples=st.integers(0, 30),
    size=st.integers(1, 7),
    seed=st.integers(0, 2**63),
    epoch=st.integers(0, 5),
    start=st.integers(0, 30),
)
def test_epochs(samples: int, size: int, seed: int, epoch: int, start: int) -> None:
    """An epoch has every sample once, in an order of seed and epoch; `start` skips batches."""
    loader = _loader(samples, size, seed)
    batches = list(loader.batches(epoch))
    assert len(batches) == len(loader)
    assert sorted(chain(*batches)) == [*range(samples)]
    assert [len(batch) for batch in batches[:-1]] == [size] * max(0, len(batches) - 1)
    assert list(_loader(samples, size, seed).batches(epoch, start=start)) == batches[start:]
    assert list(chain(*batches)) == _loader(samples, 1, seed).order(epoch).tolist()


def test_orders_differ() -> None:
    """Another epoch or another seed is another order."""
    orders = [tuple(_loader(50, 1, seed).order(epoch)) for seed in range(5) for epoch in range(5)]
    assert len(set(orders)) == 25


@pytest.mark.filterwarnings("ignore:This DataLoader will create")  # more than processors
@pytest.mark.parametrize("num_workers", [0, 1, 4])
def test_global_random_numbers_stay(num_workers: int) -> None:
    """With any number of workers the batches are the same and draw no global random number."""
    expected = list(_loader(20, 3, 7).batches(1, start=2))
    before = (random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist())  # type: ignore[index]  # noqa: NPY002
    assert list(_loader(20, 3, 7, num_workers).batches(1, start=2)) == expected
    after = (random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist())  # type: ignore[index]  # noqa: NPY002
    assert before == after


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_workers_need_no_pickled_samples(method: str) -> None:
    """However Python begins processes by default, workers have all that collating refers to."""
    by_default = multiprocessing.get_start_method()
    multiprocessing.set_start_method(method, force=True)
    try:
        loader = EpochLoader(
            range(6), lambda chosen: 2 * sum(chosen), micro_batch_size=3, seed=7, num_workers=1
        )
        assert sum(loader.batches(0)) == 30
    finally:
        multiprocessing.set_start_method(by_default, force=True)


@given(
    samples=st.integers(1, 30),
    size=st.integers(1, 7),
    processes=st.integers(1, 5),
    epoch=st.integers(0, 3),
    keeps_batches=st.booleans(),
)
def test_processes_share_an_epoch(
    samples: int, size: int, processes: int, epoch: int, *, keeps_batches: bool
) -> None:
    """Step by step, all have together what one process has in batches that are as much larger.

    A process has a padding batch only where it must: no samples are left for it, or none of the
    batches, where these are kept whole.
    """
    together = list(_loader(samples, size * processes, 7).batches(epoch))
    batches = list(_loader(samples, size, 7).batches(epoch))
    shared = [
        _loader(samples, size, 7).share(Mesh(rank, processes), keeps_batches=keeps_batches)
        for rank in range(processes)
    ]
    assert {len(loader) for loader in shared} == {-(-len(batches) // processes)}
    each = [list(loader.batches(epoch)) for loader in shared]
    for index, whole in enumerate(together):
        own = [
            found[index]
            for loader, found in zip(shared, each, strict=True)
            if not loader.is_padding_batch(index)
        ]
        assert [sample for batch in own for sample in batch] == whole
        sizes = [len(batch) for batch in own]
        if keeps_batches:
            assert own == batches[index * processes : (index + 1) * processes]
        else:
            assert len(own) == min(processes, len(whole))
            assert max(sizes) - min(sizes) <= 1 or len(batches[index * processes :]) >= processes
    assert all(batch for found in each for batch in found)
    assert [
        [loader.samples(epoch, index) for index in range(len(loader))] for loader in shared
    ] == each


def test_first_batch_again_and_again() -> None:
    """A loader that repeats has the first batch of the first epoch in every place of every one."""
    first = next(iter(_loader(10, 3, 7).batches(0)))
    loader = _loader(10, 3, 7).repeat_first()
    assert [list(loader.batches(epoch)) for epoch in range(2)] == [[first] * 4] * 2


def _by_length(size: int = 4, num_workers: int = 0) -> EpochLoader[list[int]]:
    """Return a loader of 303 samples, whose lengths are from 1 to 100."""
    return EpochLoader(
        range(303),
        list,
        micro_batch_size=size,
        seed=7,
        num_workers=num_workers,
        lengths=_LENGTHS,
    )


_LENGTHS = np.random.default_rng(0).integers(1, 100, 303, endpoint=True)


def _padding(batches: list[list[int]]) -> int:
    """Return the tokens that pad batches to their longest sample."""
    return sum(int((_LENGTHS[batch].max() - _LENGTHS[batch]).sum()) for batch in batches)


def test_batches_of_like_length() -> None:
    """Grouped by length, batches have a tenth of the padding, every sample once, mixed lengths."""
    batches, plain = [*_by_length().batches(0)], [*_loader(303, 4, 7).batches(0)]
    assert _padding(batches) < _padding(plain) / 10
    assert sorted(chain(*batches)) == [*range(303)]
    assert [len(batch) for batch in batches] == [4] * 75 + [3]
    longest = [int(_LENGTHS[batch].max()) for batch in batches]
    assert longest not in (sorted(longest), sorted(longest, reverse=True))


@pytest.mark.filterwarnings("ignore:This DataLoader will create")  # more than processors
@pytest.mark.parametrize("num_workers", [0, 1, 4])
def test_groups_are_of_seed_and_epoch(num_workers: int) -> None:
    """Groups by length are the same for any number of workers and processes, from any batch on."""
    expected = [*_by_length().batches(1)]
    assert expected != [*_by_length().batches(0)]
    assert [*_by_length(num_workers=num_workers).batches(1, start=9)] == expected[9:]
    shared = [[*_by_length().share(Mesh(rank, 2)).batches(1)] for rank in range(2)]
    assert [batch for both in zip(*shared, strict=True) for batch in both] == expected


def test_the_first_batch_does_not_wait_for_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """An epoch of many batches begins with its first one; the others are chosen as they come."""
    chosen: list[int] = []
    choose = EpochLoader._chosen

    def recorded(loader: EpochLoader[list[int]], order: NDArray[np.int64], index: int) -> list[int]:
        chosen.append(index)
        return choose(loader, order, index)

    monkeypatch.setattr(EpochLoader, "_chosen", recorded)
    batches = _loader(1000, 2, 7).batches(0, start=5)
    next(batches)
    assert chosen == [5]
