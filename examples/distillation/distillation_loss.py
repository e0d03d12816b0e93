"""The loss of the `distillation` trainer."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from arctic_trainers.distillation.config import DistillationTrainerConfig
from arctic_training import IGNORE_INDEX, LossOutput, SFTBatch, Trainer, next_token_logits


def distillation_loss(
    trainer: Trainer[DistillationTrainerConfig, SFTBatch], batch: SFTBatch
) -> LossOutput:
    """Return the divergence of the model from its teacher, summed over the tokens with loss.

    It is ``b KL(teacher, m) + (1 - b) KL(model, m)`` with ``m = b teacher + (1 - b) model``
    (Agarwal et al., 2024, "On-Policy Distillation of Language Models", equation 1); at ``b = 0``
    and ``b = 1``, what that tends to by its scale: ``KL(teacher, model)``, ``KL(model, teacher)``.
    """
    config, teacher = trainer.config, trainer.frozen_model(trainer.config.teacher)
    logits, labels = next_token_logits(trainer, batch)
    of_teacher, _ = next_token_logits(trainer, batch, model=teacher)
    trained = labels != IGNORE_INDEX
    p, q = (
        (each[trained].float() / config.temperature).log_softmax(-1)
        for each in (of_teacher, logits)
    )
    return LossOutput(sum=_divergence(p, q, config.beta), count=trained.sum())


def _divergence(p: Tensor, q: Tensor, beta: float) -> Tensor:
    if beta == 0:
        return _kl(p, q)
    if beta == 1:
        return _kl(q, p)
    mixture = torch.logaddexp(p + math.log(beta), q + math.log1p(-beta))
    return beta * _kl(p, mixture) + (1 - beta) * _kl(q, mixture)


def _kl(p: Tensor, q: Tensor) -> Tensor:
    return F.kl_div(q, p, reduction="sum", log_target=True)
