"""Batches of an epoch, in an order that depends on the seed and the epoch alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, Generic, Self, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader

from arctic_training.core.mesh import Mesh
from arctic_training.data.loading.former_labels import with_former_labels

__all__ = ["EpochLoader"]

_BATCHES_TO_GROUP: Final = 50

Sample = TypeVar("Sample")
Batch_co = TypeVar("Batch_co", covariant=True)


class EpochLoader(Generic[Batch_co]):
    """Makes the batches of any epoch, from any batch on, the last smaller one too.

    The samples are shuffled again in each epoch. The order is the same for any number of workers,
    and making batches draws nothing from the global random numbers.

    Args:
        samples: all samples.
        collate: makes a batch of some samples. With workers it runs in another process.
        micro_batch_size: samples in a batch.
        seed: seed of the order.
        num_workers: processes that make batches; 0 makes them in this one. They are forks, also
            where Python 3.14 would begin others: these have the samples without a copy, and what
            `collate` refers to, such as the trainer, need not be picklable.
        lengths: if given, int64 of shape (samples): samples of like length share a batch, where
            the shuffled order brings many batches of them together.

    """

    def __init__(
        self,
        samples: Sequence[Sample],
        collate: Callable[[list[Sample]], Batch_co],
        *,
        micro_batch_size: int,
        seed: int,
        num_workers: int = 0,
        lengths: NDArray[np.int64] | None = None,
    ) -> None:
        self._num_samples = len(samples)
        self._mesh = Mesh()
        self._is_shuffled = True
        self._is_repeated = False
        self._keeps_batches = False
        self._micro_batch_size = micro_batch_size
        self._seed = seed
        self._lengths = lengths

        def load(chosen: Iterable[list[int]]) -> Iterator[Batch_co]:
            loader: DataLoader[Sample] = DataLoader(
                samples,  # type: ignore[arg-type]  # a sequence serves as a map-style data set
                batch_sampler=chosen,
                collate_fn=collate,
                num_workers=num_workers,
                multiprocessing_context="fork" if num_workers else None,
                generator=torch.Generator(),
            )
            return iter(loader)

        self._load = load

    def __len__(self) -> int:
        """Return the number of batches in an epoch, the same for each process."""
        return math.ceil(self._num_batches / self._shares)

    @property
    def _shares(self) -> int:
        """Processes with batches of their own; those of one sequence group get the same."""
        return self._mesh.size("data")

    @property
    def _share(self) -> int:
        return self._mesh.coordinate("data")

    @property
    def _num_batches(self) -> int:
        return math.ceil(self._num_samples / self._micro_batch_size)

    def share(self, mesh: Mesh, *, keeps_batches: bool = False) -> Self:
        """Take this process's share of the batches: one of each ``size("data")`` in turn.

        Where the last ones are too few for all processes, their samples are split evenly.

        Args:
            mesh: the processes; along its data axis each gets other batches.
            keeps_batches: never split a batch: for losses that mix its samples.

        """
        self._mesh, self._keeps_batches = mesh, keeps_batches
        return self

    def in_order(self) -> Self:
        """Leave the samples of every epoch in the order in which they are given."""
        self._is_shuffled = False
        return self

    def is_padding_batch(self, index: int) -> bool:
        """Return whether the batch of that index holds samples of another process, counted there.

        Where an epoch leaves a process without samples for a step, it gets some anyway,
        because all processes take part in each step.
        """
        return not self._positions(index, self._share)

    def repeat_first(self) -> Self:
        """Make every batch the first of the first epoch."""
        self._is_repeated = True
        return self

    def _place(self, index: int) -> int:
        """Return the index of a batch of this process among those of all processes."""
        return (0 if self._is_repeated else index) * self._shares + self._share

    def _positions(self, index: int, share: int) -> range:
        """Return the positions in an epoch of the samples that a share has at an index, if any."""
        size, shares = self._micro_batch_size, self._shares
        first = (0 if self._is_repeated else index) * shares * size
        together = range(self._num_samples)[first : first + shares * size]
        if self._keeps_batches or len(together) > (shares - 1) * size:
            return together[share * size : (share + 1) * size]
        each, larger = divmod(len(together), shares)
        start = share * each + min(share, larger)
        return together[start : start + each + (share < larger)]

    def batches(self, epoch: int, *, start: int = 0) -> Iterator[Batch_co]:
        """Iterate over this process's batches of an epoch, from the ``start``-th on."""
        order = self.order(epoch)
        batches = self._load(self._chosen(order, index) for index in range(start, len(self)))
        return map(with_former_labels, batches)

    def samples(self, epoch: int, index: int) -> list[int]:
        """Return the indices of the samples in one of this process's batches."""
        return self._chosen(self.order(epoch), index)

    def _chosen(self, order: NDArray[np.int64], index: int) -> list[int]:
        positions = self._positions(index, self._share) or self._positions(index, 0)
        chosen: list[int] = order[positions.start : positions.stop].tolist()
        return chosen

    def order(self, epoch: int) -> NDArray[np.int64]:
        """Return the indices of all samples, of shape (samples), in the order of an epoch."""
        if not self._is_shuffled:
            return np.arange(self._num_samples)
        generator = np.random.default_rng([self._seed, 0 if self._is_repeated else epoch])
        shuffled = generator.permutation(self._num_samples)
        return shuffled if self._lengths is None else self._grouped(shuffled, generator)

    def _grouped(
        self, order: NDArray[np.int64], generator: np.random.Generator
    ) -> NDArray[np.int64]:
        """Sort an order by length, many batches at a time, and shuffle the batches that are full.

        A batch that is not full stays the last; whatever the number of processes, they share it.
        """
        assert self._lengths is not None
        size, lengths = self._micro_batch_size, self._lengths
        starts = range(0, len(order), size * _BATCHES_TO_GROUP)
        groups = (order[start : start + size * _BATCHES_TO_GROUP] for start in starts)
        longest_first = [group[np.argsort(-lengths[group], kind="stable")] for group in groups]
        grouped = np.concatenate([order[:0], *longest_first])
        full = len(order) // size * size
        batches = generator.permutation(grouped[:full].reshape(-1, size))
        return np.concatenate([batches.ravel(), grouped[full:]])
