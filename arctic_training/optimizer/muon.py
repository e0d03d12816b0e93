"""Muon for hidden matrices, AdamW for all other parameters."""

from __future__ import annotations

from collections.abc import Iterator

from torch.optim import AdamW, Muon, Optimizer
from typing_extensions import override

from arctic_training.config.optimizer import MuonConfig
from arctic_training.errors import RecipeError
from arctic_training.optimizer.combined import JoinedOptimizer
from arctic_training.optimizer.factory import OptimizerFactory
from arctic_training.optimizer.parameter_groups import decay_groups, hidden_matrices

__all__ = ["MuonFactory"]


class MuonFactory(OptimizerFactory[MuonConfig]):
    """Muon (Jordan et al., 2024) of PyTorch, and AdamW (Loshchilov & Hutter, 2019)."""

    name = "muon"
    config_type = MuonConfig

    @override
    def problems(self) -> Iterator[RecipeError]:
        yield from super().problems()
        stage = self.trainer.config.deepspeed.zero_optimization.stage
        if stage:
            message = f"`muon` updates whole matrices, and ZeRO stage {stage} cuts them"
            hint = "set `stage: 0` in `zero_optimization`, or take `type: fused_adam`"
            yield self.problem("type", message, code="conflict", hint=hint)

    @override
    def create(self) -> Optimizer:
        config, model = self.config, self.trainer.model
        matrices = hidden_matrices(model)
        others = decay_groups(model, config.weight_decay, without=matrices)
        optimizers: list[Optimizer] = []
        if matrices:
            optimizers.append(
                Muon(
                    matrices,
                    lr=config.learning_rate,
                    weight_decay=config.weight_decay,
                    momentum=config.momentum,
                    ns_steps=config.newton_schulz_steps,
                    adjust_lr_fn="match_rms_adamw",
                )
            )
        if others:
            adam = AdamW(others, lr=config.learning_rate, betas=config.betas, eps=config.eps)
            optimizers.append(adam)
        return JoinedOptimizer(optimizers)
