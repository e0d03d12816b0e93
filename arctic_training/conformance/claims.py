"""What a trainer promises, each as a function that says how it was kept."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import torch
from torch import Tensor
from typing_extensions import override

from arctic_training.conformance.subject import Subject, Watch, distance
from arctic_training.core.loss_output import LossOutput, Term
from arctic_training.core.reports import StepReport
from arctic_training.diagnostics.plurals import counted
from arctic_training.errors import Pointer, TrainingError
from arctic_training.losses.validation import batch_key_errors
from arctic_training.trainer.device import to_device
from arctic_training.trainer.loss_location import loss_place

if TYPE_CHECKING:
    from arctic_training.api import AnyTrainer

__all__ = ["CLAIMS", "BrokenClaimError", "Claim", "NotPromisedError"]

_STEPS: Final = 20
_SAME: Final = 1e-3
"""Share of the way that training goes by which rounding may lead two runs apart."""


class BrokenClaimError(Exception):
    """A trainer does not do what it promises; ``pointer`` is the key of its definition."""

    def __init__(self, message: str, *, hint: str = "", pointer: Pointer = ("loss",)) -> None:
        super().__init__(message)
        self.hint = hint
        self.pointer = pointer


class NotPromisedError(Exception):
    """A trainer does not promise this."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A promise: its name, and how it is tried; that returns what to say where it is kept."""

    name: str
    tried: Callable[[Subject], str]


def _loss(subject: Subject) -> str:
    trainer = subject.make()
    output = _first_output(trainer)
    _check_terms(output, trainer.metrics)
    total, count = _number(output.sum), _number(output.count)
    if not math.isfinite(total):
        raise BrokenClaimError(f"the loss of the first micro-batch is {total}")
    if not count > 0:
        hint = "return the number of summed losses, such as the number of tokens with loss"
        raise BrokenClaimError(f"the count of the first micro-batch is {count:g}", hint=hint)
    return f"{total:.4g} over a count of {count:g}"


def _check_terms(output: LossOutput, metrics: Mapping[str, object]) -> None:
    different = output.terms.keys() ^ metrics.keys()
    if different:
        names = ", ".join(f"`{name}`" for name in sorted(different))
        message = f"the terms of the loss are not the metrics of the definition: {names}"
        raise BrokenClaimError(message, hint="`arctic-gen lint` says which side lacks it")
    wild = [name for name, term in output.terms.items() if not _is_finite(term)]
    if wild:
        raise BrokenClaimError(f"the term `{wild[0]}` is not finite", pointer=("metrics",))


def _is_finite(term: Term) -> bool:
    return all(math.isfinite(_number(number)) for number in (term.sum, term.count))


def _gradient(subject: Subject) -> str:
    trainer = subject.make()
    output = _first_output(trainer)
    if not output.sum.requires_grad:
        hint = "return the sum as it is computed, without `detach`, `item` or `no_grad`"
        raise BrokenClaimError("the loss has no gradient", hint=hint)
    model = trainer.engine.unwrapped
    named = {name: p for name, p in model.named_parameters() if p.requires_grad}
    trainer.backward(output.sum)
    gradients = {name: p.grad for name, p in named.items() if p.grad is not None}
    for name, gradient in gradients.items():
        if not gradient.isfinite().all():
            raise BrokenClaimError(f"the gradient of `{name}` is not finite")
    reached = sum(bool(gradient.any()) for gradient in gradients.values())
    if not reached:
        raise BrokenClaimError("the gradient of the loss is 0 everywhere")
    return f"it reaches {reached} of {counted(len(named), 'parameter')}"


def _descent(subject: Subject) -> str:
    trainer = subject.make(overfit_first_batch=True, train_iters=_STEPS)
    trainer.progress = watch = Watch()
    trainer.train()
    first, last = watch.losses[0], watch.losses[-1]
    if not last < first:
        message = f"the loss of one batch does not fall in {_STEPS} steps: {first:.4g}, {last:.4g}"
        hint = "let it follow from the batch and the weights alone; is the learning rate right?"
        raise BrokenClaimError(message, hint=hint)
    return f"{_STEPS} steps on one batch lead from {first:.4g} to {last:.4g}"


_SUMS: Final = (
    "return a sum and the count of what is summed; if the loss mixes samples, declare it "
    "with `coupling`"
)
_PACKED: Final = (
    "let each token be of its own sample, which `position_ids` tell apart; if the loss mixes "
    "samples, declare it with `coupling`"
)


def _accumulation(subject: Subject) -> str:
    if subject.coupling != "sample":
        raise NotPromisedError(f"`coupling` is `{subject.coupling}`")
    return _compare(subject, "cut into micro-batches of 3", _SUMS, micro_batch_size=3)


def _padding(subject: Subject) -> str:
    hint = "leave out what is padded: `shift_labels` are `IGNORE_INDEX` there"
    return _compare(subject, "padded to multiples of 64", hint, data={"div_length": 64})


def _packing(subject: Subject) -> str:
    if subject.coupling != "sample":
        raise NotPromisedError(f"`coupling` is `{subject.coupling}`")
    section = type(subject.make().config.data)
    if "pack_samples" not in section.model_fields:
        raise NotPromisedError("its data is not packed")
    return _compare(subject, "packed", _PACKED, data={"pack_samples": True})


def _compare(subject: Subject, how: str, hint: str, **changes: object) -> str:
    """Compare the weights after two steps with those of runs that are not cut nor packed."""
    begun = subject.make().engine.full_state_dict()
    whole, changed = subject.trained(), subject.trained(**changes)
    away, moved = distance(changed, whole), distance(whole, begun)
    if not moved:
        raise BrokenClaimError("training does not move the weights")
    if away > _SAME * moved:
        message = f"{how}, two steps lead elsewhere: {away / moved:.1%} of the way apart"
        raise BrokenClaimError(message, hint=hint)
    return f"{how}, two steps are the same, to {away / moved:.0e} of the way"


class _StoppedError(Exception):
    """The run is cut off."""


class _CutOff(Watch):
    """Cuts the run off after its third step."""

    @override
    def show(self, report: StepReport) -> None:
        super().show(report)
        if report.step == _CUT_AT:
            raise _StoppedError


_CUT_AT: Final = 3


def _resume(subject: Subject) -> str:
    if not subject.saves:
        raise NotPromisedError("it accepts no checkpoint engine that a run can resume from")
    whole, uncut = _four_steps(subject, "whole", Watch())
    try:
        _four_steps(subject, "cut", _CutOff())
    except _StoppedError:
        resumed, rest = _four_steps(subject, "cut", Watch())
    else:
        raise TrainingError(f"the run ended before its step {_CUT_AT}")
    if rest.losses != uncut.losses[-len(rest.losses) :] or distance(resumed, whole) > 0:
        message = "an interrupted and resumed run does not end as an uninterrupted one"
        hint = "let the loss keep no state between steps, and draw random numbers from torch, "
        hint += "numpy or random"
        raise BrokenClaimError(message, hint=hint)
    return f"a run interrupted after step {_CUT_AT} resumes to the same bits"


def _four_steps(subject: Subject, name: str, watch: Watch) -> tuple[dict[str, Tensor], Watch]:
    saving = {
        "type": subject.saves,
        "output_dir": str(subject.folder / name),
        "save_every_n_steps": 2,
        "auto_resume": True,
    }
    trainer = subject.make(train_iters=4, checkpoint=[saving])
    trainer.progress = watch
    trainer.train()
    return trainer.engine.full_state_dict(), watch


def _order(subject: Subject) -> str:
    one, other = ([*_batches(subject.make())] for _ in range(2))
    if len(one) != len(other) or not all(map(_is_same, one, other)):
        message = "two runs of one recipe do not get the same batches"
        raise BrokenClaimError(message, pointer=("data_factory_type",))
    return f"two epochs have the same {counted(len(one), 'batch')} each time"


def _batches(trainer: AnyTrainer) -> Iterator[Mapping[str, object]]:
    for epoch in range(2):
        yield from trainer.train_dataloader.batches(epoch)


def _is_same(one: Mapping[str, object], other: Mapping[str, object]) -> bool:
    return one.keys() == other.keys() and all(_is_equal(one[key], other[key]) for key in one)


def _is_equal(one: object, other: object) -> bool:
    if isinstance(one, Tensor) and isinstance(other, Tensor):
        return torch.equal(one, other)
    return one == other


def _number(value: Tensor | float) -> float:
    return value.detach().item() if isinstance(value, Tensor) else float(value)


def _first_output(trainer: AnyTrainer) -> LossOutput:
    batch = next(trainer.train_dataloader.batches(0))
    with batch_key_errors(batch, loss_place(type(trainer).loss)):
        return LossOutput.of(trainer.loss(to_device(batch, trainer.device)))


CLAIMS: Final = (
    Claim("loss", _loss),
    Claim("gradient", _gradient),
    Claim("descent", _descent),
    Claim("order", _order),
    Claim("accumulation", _accumulation),
    Claim("padding", _padding),
    Claim("packing", _packing),
    Claim("resume", _resume),
)
"""In the order in which they are tried; without the first, none of the others can hold."""
