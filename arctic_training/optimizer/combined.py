"""Several optimizers as one: each steps its own groups of parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import overload

from torch.optim import Optimizer
from typing_extensions import override

__all__ = ["JoinedOptimizer"]


class JoinedOptimizer(Optimizer):
    """Steps several optimizers, and has their groups and states as its own.

    Groups and states are shared, not copied: whoever changes a learning rate, exchanges the
    parameters of a group or loads a state does so for the one that steps them.
    """

    def __init__(self, optimizers: Sequence[Optimizer]) -> None:
        groups = [group for optimizer in optimizers for group in optimizer.param_groups]
        self._optimizers = optimizers
        self._sizes = [len(optimizer.param_groups) for optimizer in optimizers]
        super().__init__(groups, {})
        self._share()

    @override
    def load_state_dict(self, state_dict: dict[str, object]) -> None:
        super().load_state_dict(state_dict)
        self._share()

    @overload
    def step(self, closure: None = None) -> None: ...

    @overload
    def step(self, closure: Callable[[], float]) -> float: ...

    @override
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """Step each optimizer."""
        loss = closure() if closure else None
        for optimizer in self._optimizers:
            optimizer.step()
        return loss

    def _share(self) -> None:
        groups = iter(self.param_groups)
        for optimizer, size in zip(self._optimizers, self._sizes, strict=True):
            optimizer.param_groups = [next(groups) for _ in range(size)]
            optimizer.state = self.state
