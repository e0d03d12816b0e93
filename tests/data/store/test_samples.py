"""Samples in arrays: fitting them to a length, packing them, and the account of it."""

from __future__ import annotations

import tracemalloc
from itertools import chain, islice
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arctic_training.data.store.packing import best_fit_decreasing
from arctic_training.data.store.preparation_report import Dropped, preparation_report
from arctic_training.data.store.samples import OverLength, RowIndex, Rows, Sample, Samples

_samples = st.lists(st.lists(st.booleans(), max_size=12), max_size=8)


def _made(masks: list[list[bool]]) -> Samples:
    """Return samples with these masks, whose ids number all tokens through."""
    ids = iter(range(10_000))
    return Samples.of(
        Sample(np.array([next(ids) for _ in mask], np.int32), np.array(mask, np.bool_))
        for mask in masks
    )


def _listed(samples: Samples) -> list[list[tuple[int, bool]]]:
    return [
        [*zip(ids.tolist(), trained.tolist(), strict=True)]
        for ids, trained in (samples[number] for number in range(len(samples)))
    ]


def _cut(tokens: list[tuple[int, bool]], length: int, how: str) -> list[list[tuple[int, bool]]]:
    if len(tokens) <= length:
        return [tokens]
    parts = [tokens[i : i + length] for i in range(0, len(tokens), length)]
    return {"drop": [], "truncate": parts[:1], "split": parts}[how]


@given(masks=_samples, length=st.integers(1, 6), how=st.sampled_from(get_args(OverLength)))
def test_fitting(masks: list[list[bool]], length: int, how: OverLength) -> None:
    """Too long samples are dropped, cut at the end or cut into parts; the others stay."""
    ids = iter(range(10_000))
    whole = [[(next(ids), trained) for trained in mask] for mask in masks]
    parts = chain.from_iterable(_cut(tokens, length, how) for tokens in whole)
    expected = [[(token, t and i > 0) for i, (token, t) in enumerate(part)] for part in parts]
    fitted = _made(masks).fit_to_length(length, how)
    assert _listed(fitted) == expected
    assert fitted.lengths.tolist() == [len(part) for part in expected]
    assert fitted.num_loss_tokens.tolist() == [sum(t for _, t in part) for part in expected]


@given(masks=_samples, at_once=st.integers(1, 9))
def test_counting_in_parts(masks: list[list[bool]], at_once: int) -> None:
    """MaskOptions tokens are counted right in any number of steps."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("arctic_training.data.store.samples._AT_ONCE", at_once)
        assert _made(masks).num_loss_tokens.tolist() == [sum(mask[1:]) for mask in masks]


@given(masks=_samples, data=st.data())
def test_choosing(masks: list[list[bool]], data: st.DataObject) -> None:
    """The chosen samples stay as they are, in their order."""
    samples = _made(masks)
    chosen = data.draw(st.lists(st.booleans(), min_size=len(masks), max_size=len(masks)))
    expected = [part for part, is_chosen in zip(_listed(samples), chosen, strict=True) if is_chosen]
    assert _listed(samples.where(np.array(chosen, np.bool_))) == expected


def _best_fit_decreasing(lengths: list[int], capacity: int) -> list[int]:
    """Return the loads of the packs, found by looking at every one."""
    loads: list[int] = []
    for length in sorted(lengths, reverse=True):
        fitting = [i for i, load in enumerate(loads) if load + length <= capacity]
        if fitting:
            loads[max(fitting, key=lambda i: loads[i])] += length
        else:
            loads.append(length)
    return sorted(loads)


@given(lengths=st.lists(st.integers(1, 20), max_size=40), more=st.integers(0, 20))
def test_packing(lengths: list[int], more: int) -> None:
    """Every sample is in one pack, none is too long, and they are those of best-fit decreasing."""
    capacity = max(lengths, default=1) + more
    packs = _packed(lengths, capacity)
    assert sorted(chain(*packs)) == [*range(len(lengths))]
    loads = sorted(sum(lengths[i] for i in pack) for pack in packs)
    assert loads == _best_fit_decreasing(lengths, capacity)
    assert max(loads, default=0) <= capacity
    assert packs == _packed(lengths, capacity)


def _packed(lengths: list[int], capacity: int) -> list[list[int]]:
    row_index = best_fit_decreasing(np.array(lengths, np.int64), capacity)
    numbers = iter(row_index.samples.tolist())
    return [[*islice(numbers, length)] for length in row_index.counts.tolist()]


def test_packing_holds_a_few_bytes_of_each_sample() -> None:
    """What is held of a sample is a few numbers in arrays: at most 40 bytes at any time."""
    lengths = np.random.default_rng(1).lognormal(5, 1, 50_000).astype(np.int64).clip(1, 2048)
    tracemalloc.start()
    best_fit_decreasing(lengths, 2048)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak <= 40 * len(lengths)


def test_packs_of_real_lengths_are_full() -> None:
    """100,000 samples of log-normal lengths fill rows of 2,048 tokens to more than 99.5 %."""
    lengths = np.random.default_rng(1).lognormal(5, 1, 100_000).astype(np.int64).clip(1, 2048)
    row_index = best_fit_decreasing(lengths, 2048)
    assert lengths.sum() / (2048 * len(row_index)) > 0.995


def test_rows() -> None:
    """A row is the list of its samples, by number and by slice."""
    samples = _made([[True] * n for n in (1, 2, 3)])
    rows = Rows(samples, RowIndex(np.array([2, 0, 1]), np.array([2, 1])))
    assert [[len(sample.input_ids) for sample in row] for row in rows] == [[3, 1], [2]]
    assert [len(row) for row in rows[1:]] == [1]
    assert rows.lengths.tolist() == [4, 2]


@given(masks=_samples, length=st.integers(1, 6), how=st.sampled_from(get_args(OverLength)))
def test_report_accounts_for_every_token(
    masks: list[list[bool]], length: int, how: OverLength
) -> None:
    """What was read is what is left and what was lost; the histogram counts each sample once."""
    read = _made(masks)
    samples = read.fit_to_length(length, how)
    lost = read.num_tokens - samples.num_tokens
    dropped = (
        Dropped(reason="longer", samples=0, tokens=lost),
        Dropped(reason="", samples=0, tokens=0),
    )
    report = preparation_report(
        read=read, dropped=dropped, samples=samples, rows=len(samples), row_length=length
    )
    assert report.tokens_read == report.tokens + sum(loss.tokens for loss in report.dropped)
    assert len(report.dropped) == (lost > 0)
    assert sum(number for _, number in report.histogram) == report.samples == len(samples)
    for size, number in report.histogram:
        within = [n for n in samples.lengths if size / 2 < n <= size or (n == 0 and size == 1)]
        assert number == len(within)


def test_report_for_people() -> None:
    """The report says what there is, what was lost and why, how full rows are, and the lengths."""
    read = _made([[True] * n for n in (3, 4, 4, 9)])
    samples = read.fit_to_length(4, "drop")
    dropped = (Dropped(reason="longer than 4 tokens", samples=1, tokens=9),)
    report = preparation_report(read=read, dropped=dropped, samples=samples, rows=3, row_length=4)
    assert [*report.lines()] == [
        "data: 3 samples, 11 tokens, 8 with loss",
        "read: 4 samples, 20 tokens",
        "left out: 1 sample, 9 tokens: longer than 4 tokens",
        "packed: 3 rows, 91.67% full",
        f"  to 4 tokens  {'#' * 30} 3",
    ]


@pytest.mark.parametrize("samples", [[], [[]]])
def test_nothing(samples: list[list[bool]]) -> None:
    """No sample, or one without tokens, is no reason to fail."""
    made = _made(samples)
    assert _packed(made.lengths.tolist(), 5) == [[0]] * len(samples)
    assert made.num_loss_tokens.tolist() == [0] * len(samples)
