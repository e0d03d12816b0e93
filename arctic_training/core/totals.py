"""Totals of a global batch: sums over its micro-batches and over the mesh."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import torch
import torch.distributed
from torch import Tensor

from arctic_training.core.loss_output import LossOutput
from arctic_training.core.mesh import BATCH_AXES, Mesh
from arctic_training.diagnostics import nearest
from arctic_training.errors import TrainingError

__all__ = ["GlobalBatch", "Reduction", "Totals", "error_context"]

Reduction: TypeAlias = Literal["mean", "sum"]

_NO_NUMBER: Final = (
    "lower `optimizer.learning_rate`, or remove these samples from the data; "
    "`auto_resume` continues from the newest checkpoint"
)


@contextmanager
def error_context(place: str) -> Iterator[None]:
    """Prefix a training error with its place in the run, such as the step."""
    try:
        yield
    except TrainingError as error:
        raise TrainingError(f"{place}: {error.message}", hint=error.hint) from error


@dataclass(frozen=True, slots=True)
class Totals:
    """The loss, the terms and the tokens of a global batch, over all processes."""

    loss: float
    count: float
    tokens: int
    terms: dict[str, float]
    squared_lengths: int = 0
    """Sum of the squared lengths of the documents, in tokens."""

    is_stopping: bool = False
    """Whether any process wants the run to stop after this step."""


class GlobalBatch:
    """Adds up losses and terms on the device; they are read once an optimizer step.

    Args:
        metrics: the terms that every loss returns, and how each is reduced.
        mesh: the processes; totals are sums over its data and sequence axes.
        place: file and line of the loss.

    """

    def __init__(self, metrics: Mapping[str, Reduction], mesh: Mesh, place: str = "") -> None:
        self._metrics = metrics
        self._mesh = mesh
        self.place = place
        self._rows: list[Tensor] = []
        self._samples: list[Callable[[], Sequence[int]]] = []
        self._closed: list[Callable[[], Sequence[int]]] = []

    @property
    def has_micro_batches(self) -> bool:
        """Whether a micro-batch waits for its optimizer step."""
        return bool(self._rows)

    def add(
        self,
        output: LossOutput,
        tokens: int,
        samples: Callable[[], Sequence[int]] = tuple,
        *,
        squared_lengths: int = 0,
    ) -> None:
        """Add one micro-batch.

        Args:
            output: what the loss returned for it.
            tokens: how many it has, without padding.
            samples: gives the indices of its samples, if it comes to that.
            squared_lengths: the sum of the squared lengths of its documents, in tokens squared.

        Raises:
            TrainingError: the loss returned other terms than the definition declares.

        """
        if output.terms.keys() != self._metrics.keys():
            raise _other_terms({*output.terms}, {*self._metrics}, self.place)
        terms = [output.terms[name] for name in self._metrics]
        numbers = [output.sum, output.count, tokens, squared_lengths]
        numbers += [number for term in terms for number in (term.sum, term.count)]
        device = output.sum.device
        self._rows.append(torch.stack([_number(number, device) for number in numbers]))
        self._samples.append(samples)

    def close(self, *, stop: bool = False) -> Totals:
        """Return the totals over all processes, and begin a new global batch.

        Args:
            stop: this process wants the run to stop; all of them learn it.

        Raises:
            TrainingError: there is nothing to divide by, or the loss is not a finite number.

        """
        if not self._rows:
            raise TrainingError("an optimizer step ended without a micro-batch")
        rows, self._rows = torch.stack(self._rows), []
        samples, self._samples = self._samples, []
        self._closed = samples
        sums = rows.sum(0)
        sums = torch.cat([sums, sums.new_tensor([float(stop)])])
        if self._mesh.size(*BATCH_AXES) > 1:  # which are all axes, so all processes
            torch.distributed.all_reduce(sums)
        loss, count, tokens, squared, *rest, stops = sums.tolist()
        if not 0 < count < math.inf:
            raise TrainingError(
                f"empty global batch: loss count is {count:g}",
                hint="let the loss count what it sums, such as tokens with loss",
            )
        if not math.isfinite(loss):
            message = f"the loss is {loss}{_culprits(rows[:, 0], samples, self._mesh)}"
            raise TrainingError(message, hint=_NO_NUMBER)
        pairs = zip(rest[::2], rest[1::2], strict=True)
        terms = {
            name: part if self._metrics[name] == "sum" else part / number if number else math.nan
            for name, (part, number) in zip(self._metrics, pairs, strict=True)
        }
        return Totals(loss / count, count, int(tokens), terms, int(squared), is_stopping=stops > 0)

    @contextmanager
    def attribute_errors(self) -> Iterator[None]:
        """Add the samples of the batch to an error of the step, which all processes raise."""
        try:
            yield
        except TrainingError as error:
            mine = [", ".join(map(str, indices())) for indices in self._closed]
            named = (
                f"{error.message} in the micro-batches of the samples {_of_all(mine, self._mesh)}"
            )
            raise TrainingError(named, hint=error.hint or _NO_NUMBER) from error


def _other_terms(returned: set[str], declared: set[str], place: str) -> TrainingError:
    """Return the error for terms of a loss that are not the metrics of the definition."""
    wrong = {"it returns no": declared - returned, "it also returns": returned - declared}
    parts = [
        f"{what} {', '.join(f'`{name}`' for name in sorted(names))}"
        for what, names in wrong.items()
        if names
    ]
    where = f"{place}: " if place else ""
    return TrainingError(
        f"{where}the terms of the loss are not the `metrics` of the definition: {'; '.join(parts)}",
        hint=f"{_meant(returned - declared, declared - returned)}let them be the same; "
        "`arctic-gen lint` compares them without a run",
    )


def _meant(returned: set[str], declared: set[str]) -> str:
    """Ask for the terms that are probably metrics under a mistyped name."""
    pairs = [(term, nearest(term, declared)) for term in sorted(returned)]
    return "".join(f"did you mean `{metric}` by `{term}`? " for term, metric in pairs if metric)


def _culprits(losses: Tensor, samples: Sequence[Callable[[], Sequence[int]]], mesh: Mesh) -> str:
    """Name the micro-batches, of any process, whose loss is not finite."""
    mine = [
        ", ".join(map(str, indices()))
        for loss, indices in zip(losses.tolist(), samples, strict=True)
        if not math.isfinite(loss)
    ]
    found = _of_all(mine, mesh)
    return f" in the micro-batch of the samples {found}" if found else ""


def _of_all(mine: list[str], mesh: Mesh) -> str:
    """Join the texts of all processes."""
    gathered: list[list[str]] = [[] for _ in range(mesh.num_processes)]
    torch.distributed.all_gather_object(gathered, mine)
    return "; and ".join(text for texts in gathered for text in texts if text)


def _number(value: Tensor | float, device: torch.device) -> Tensor:
    if isinstance(value, Tensor):
        return value.detach().to(device, torch.float64)
    return torch.full((), value, dtype=torch.float64, device=device)  # waits for no copy
