"""Losses of language modelling."""

from __future__ import annotations

from torch import Tensor, nn

from arctic_training.core.context import TrainerContext
from arctic_training.core.loss_output import LossOutput
from arctic_training.data.batches import IGNORE_INDEX, SFTBatch
from arctic_training.losses.log_probabilities import token_log_probabilities
from arctic_training.model.document_isolation import check_isolation

__all__ = ["next_token_logits", "next_token_loss"]


def next_token_logits(
    trainer: TrainerContext, batch: SFTBatch, *, model: nn.Module | None = None
) -> tuple[Tensor, Tensor]:
    """Return the logits of each next token, and its label.

    Padding is on the right, where causal attention cannot reach it from a token, so no attention
    mask is needed. Packed documents are distinguished by their positions; that the model isolates
    them is checked once.

    Args:
        trainer: its trained model is a causal language model of transformers.
        batch: token ids and shifted labels, int64, of shape (rows, length); positions if packed.
        model: another one than the trained one, such as ``trainer.frozen_model(section)``.

    Returns:
        Logits of shape (rows * length, vocabulary) in the model's dtype; and labels, int64, of
        shape (rows * length), ``IGNORE_INDEX`` where a token is not in the loss.

    Raises:
        RecipeError: the batch is packed and the model mixes documents.

    """
    model = trainer.model if model is None else model
    packed = {"position_ids": batch["position_ids"]} if "position_ids" in batch else {}
    if packed:
        check_isolation(model, trainer.config.micro_batch_size)
    logits: Tensor = model(input_ids=batch["input_ids"], use_cache=False, **packed).logits
    return logits.flatten(0, 1), batch["shift_labels"].flatten()


def next_token_loss(trainer: TrainerContext, batch: SFTBatch) -> LossOutput:
    """Return the cross-entropy of each token with loss, summed: ``-sum log p(token | before)``.

    Computed in fp32, whatever the model's dtype, and without a copy of the logits in fp32. The
    count is that of the tokens with loss.

    Raises:
        RecipeError: the batch is packed and the model mixes documents.

    """
    logits, labels = next_token_logits(trainer, batch)
    total = -token_log_probabilities(logits, labels).sum()
    return LossOutput(sum=total, count=(labels != IGNORE_INDEX).sum())
