"""Checks of a user's loss at run time: the batch keys that it reads, and what it returns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from numbers import Real
from typing import Final

from torch import Tensor

from arctic_training.core.loss_output import LossOutput, Term
from arctic_training.errors import TrainingError

__all__ = ["batch_key_errors", "checked_output", "number"]

_HINT: Final = "return sums and counts that are single numbers, such as `losses.sum()`"

_SHIFTED: Final = (
    'use `batch["shift_labels"]` and do not shift it: the label at a place is the next token, '
    "or `IGNORE_INDEX`"
)
_UNLABELLED: Final = "let the collator of the data factory add it, as `RowCollator` does"


@contextmanager
def batch_key_errors(batch: Mapping[str, object], place: str) -> Iterator[None]:
    """Explain a loss's read of a label key that its batch does not have.

    Args:
        batch: the micro-batch that the loss gets.
        place: file and line of the loss; an error begins with it.

    Raises:
        TrainingError: the loss reads ``labels``, which batches had until they carried
            ``shift_labels``, or a batch of its own data factory has no ``shift_labels``.

    """
    hints = {"labels": _SHIFTED, "shift_labels": _UNLABELLED}
    try:
        yield
    except KeyError as error:
        key = error.args[0]
        if key in batch or key not in hints:
            raise
        where = f"{place}: " if place else ""
        raise TrainingError(f"{where}the batch has no `{key}`", hint=hints[key]) from error


def checked_output(returned: object, place: str) -> LossOutput:
    """Return what a loss returned; a plain scalar is the mean over one thing, the micro-batch.

    Args:
        returned: what should be a ``LossOutput``, or a tensor of shape ().
        place: where the loss is written; an error begins with it.

    Raises:
        TrainingError: it is neither, or a part of it is not a number.

    """
    output = LossOutput.of(returned) if isinstance(returned, Tensor) else returned
    if not isinstance(output, LossOutput):
        wrong = [f"expected a `LossOutput`, found {_kind(output)}"]
    else:
        wrong = [*_problems(output)]
    if wrong:
        where = f"{place}: " if place else ""
        message = f"{where}invalid return value of the loss: {'; '.join(wrong)}"
        raise TrainingError(message, hint=_HINT)
    assert isinstance(output, LossOutput)
    return output


def number(value: object, name: str) -> float:
    """Return a value as the number that it is.

    Raises:
        TrainingError: it is none.

    """
    if _is_number(value):
        return float(value)  # type: ignore[arg-type]  # a number, or a tensor of one
    raise TrainingError(
        f"figure `{name}`: expected a number, found {_kind(value)}", hint="log single numbers"
    )


def _kind(value: object) -> str:
    """Name the kind of a value that should be something else."""
    if isinstance(value, Tensor):
        what = "complex numbers" if value.is_complex() else f"shape {tuple(value.shape)}"
        return f"a tensor of {what}"
    return "None" if value is None else f"a value of the type `{type(value).__name__}`"


def _problems(output: LossOutput) -> Iterator[str]:
    if not isinstance(output.sum, Tensor) or not _is_number(output.sum):
        yield f"`sum`: expected a tensor of shape (), found {_kind(output.sum)}"
    if not _is_number(output.count):
        yield f"`count`: expected a number, found {_kind(output.count)}"
    terms: object = output.terms
    if not isinstance(terms, Mapping):
        yield f"`terms`: expected a dict, found {_kind(terms)}"
        return
    for name, term in terms.items():
        if not isinstance(term, Term):
            yield f"term `{name}`: expected a `Term`, found {_kind(term)}"
            continue
        for part, value in (("sum", term.sum), ("count", term.count)):
            if not _is_number(value):
                yield f"`{part}` of term `{name}`: expected a number, found {_kind(value)}"


def _is_number(value: object) -> bool:
    if isinstance(value, Tensor):
        return not value.dim() and not value.is_complex()
    return isinstance(value, Real)
