"""Dynamic loss scaling, which keeps gradients in the range of fp16."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Self

from arctic_training.config.deepspeed import FP16Config
from arctic_training.errors import TrainingError

__all__ = ["LossScale"]


@dataclass
class LossScale:
    """Factor on summed losses before the backward pass.

    Dynamic loss scaling (Micikevicius et al., 2018, section 3.2): a step whose gradients overflow
    is skipped and halves the scale; many steps without one double it. Gradients are those of sums
    here, which grow with the count of the global batch, so the scale holds the power of two above
    the last count as well. A power of two changes no more of a number than its exponent.
    """

    config: FP16Config

    scale: float
    """The scale of a mean loss."""

    tolerance: int
    """Overflows until the scale is halved."""

    count_exponent: int = 0
    """The last count is at most two to the power of this."""

    steady_steps: int = 0
    """Steps since the last overflow."""

    @classmethod
    def of(cls, config: FP16Config) -> Self:
        """Return the scale of a run that begins."""
        return cls(config, 2.0**config.initial_scale_power, config.hysteresis)

    @property
    def factor(self) -> float:
        """What a sum of losses is multiplied by in this step."""
        return self.scale * 2.0**-self.count_exponent

    def step_taken(self, count: float) -> None:
        """Prepare the next step after an update with that count."""
        self.steady_steps += 1
        self.count_exponent = _exponent(count)
        if self.steady_steps % self.config.loss_scale_window == 0:
            self.scale *= 2
            self.tolerance = self.config.hysteresis

    def step_skipped(self, count: float) -> None:
        """Prepare the next step after gradients overflowed in a step with that count.

        Where the count was higher than foreseen, as that of a first step is, it is the reason.

        Raises:
            TrainingError: the scale is at its minimum, so the scale is not the cause.

        """
        self.steady_steps = 0
        foreseen, self.count_exponent = self.count_exponent, _exponent(count)
        if self.count_exponent > foreseen:
            return
        if self.tolerance > 1:
            self.tolerance -= 1
            return
        if self.scale <= self.config.min_loss_scale:
            raise TrainingError(
                f"gradients are not finite (inf or NaN) at the minimum loss scale, {self.scale:g}",
                hint="train in bf16 or fp32, or lower `learning_rate`",
            )
        self.scale = max(self.scale / 2, self.config.min_loss_scale)

    def as_dict(self) -> dict[str, float]:
        """Return what a checkpoint keeps."""
        return {name: value for name, value in asdict(self).items() if name != "config"}

    def restore(self, saved: dict[str, float]) -> None:
        """Take over what a checkpoint kept."""
        for name, value in saved.items():
            setattr(self, name, value)


def _exponent(count: float) -> int:
    return math.ceil(math.log2(max(1.0, count)))
