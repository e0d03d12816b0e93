"""What a loss returns: a sum, a count, and named terms, each again a sum and a count.

A loss never divides. The runtime divides once, by the count of the whole global batch: over all
micro-batches of an optimizer step and over all processes. So one optimizer step is the same,
however the batch is cut.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor

__all__ = ["LossOutput", "Term"]


@dataclass(frozen=True, slots=True)
class Term:
    """A quantity that is reported beside the loss.

    ``sum`` and ``count`` are tensors of shape (), of any dtype, or numbers. Neither is trained;
    the runtime adds them up in fp64.
    """

    sum: Tensor | float
    count: Tensor | float


@dataclass(frozen=True, slots=True)
class LossOutput:
    """The loss of one micro-batch.

    Attributes:
        sum: the loss, summed over its units, tokens as a rule; floating point, of
            shape (), with a gradient.
        count: the number of units in ``sum``; of shape (), or a number.
        terms: the quantities that the definition declares as ``metrics``, by name.

    """

    sum: Tensor
    count: Tensor | float
    terms: Mapping[str, Term] = field(default_factory=dict)

    @classmethod
    def of(cls, loss: LossOutput | Tensor) -> LossOutput:
        """Take a plain scalar as the mean over one thing, the micro-batch.

        Such a loss trains, but its step depends on how the batch is cut.
        """
        return loss if isinstance(loss, LossOutput) else cls(sum=loss, count=1)

    def zeroed(self) -> LossOutput:
        """Return the same with every sum and count 0; its gradient is 0 wherever there is one."""
        terms = {name: Term(sum=0.0, count=0) for name in self.terms}
        return LossOutput(sum=self.sum * 0, count=0, terms=terms)
