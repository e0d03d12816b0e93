"""What losses of single answers share."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from arctic_training.data.batches import IGNORE_INDEX, RowBatch

__all__ = ["mismatched_answers"]


def mismatched_answers(batch: RowBatch) -> RowBatch:
    """Return each row's prompt with the next row's answer; the last row takes the first's.

    Their log-probabilities estimate how far a model is from another in general, and not on the
    answers that it is trained on: the baseline of KTO (Ethayarajh et al., 2024, section 4.1). A
    batch of one row stays as it is. Nothing is read from the device.

    Args:
        batch: rows of one document each, whose tokens with loss are together at the end; token ids
            and shifted labels, int64, of shape (rows, length).

    Returns:
        Rows of the same shapes: what overhangs the length is cut off an answer.

    """
    ids, labels, length = batch["input_ids"], batch["shift_labels"], batch["input_ids"].shape[1]
    # The label of an answer's first token is at the place before it.
    starts = (labels != IGNORE_INDEX).int().argmax(-1, keepdim=True) + 1
    places = torch.arange(length, device=labels.device)
    source = (places - starts + starts.roll(-1, 0)).clamp_min(0)
    next_ids = F.pad(ids, (0, length)).roll(-1, 0).gather(-1, source)
    next_labels = F.pad(labels, (0, length), value=IGNORE_INDEX).roll(-1, 0).gather(-1, source)
    is_labelled = (places >= starts - 1) & (places < length - 1)
    answers = (batch["lengths"] - starts.squeeze(-1)).roll(-1, 0)
    return RowBatch(
        input_ids=next_ids.where(places >= starts, ids),
        shift_labels=next_labels.where(is_labelled, IGNORE_INDEX),
        lengths=(starts.squeeze(-1) + answers).clamp_max(length),
    )
