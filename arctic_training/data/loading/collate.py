"""Collators: rows to batches of padded tensors."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from arctic_training.data.batches import IGNORE_INDEX, SFTBatch
from arctic_training.data.store.samples import Row

__all__ = ["RowCollator"]


@dataclass(frozen=True)
class RowCollator:
    """Pads rows on the right, to the longest of them and a multiple of some length."""

    pad_token_id: int
    multiple: int
    packs: bool
    """Whether rows may have several documents: all batches of a run then tell where each begins, so
    that all processes call the model alike."""

    def __call__(self, rows: list[Row]) -> SFTBatch:
        """Return the batch, with positions if rows may have several documents."""
        lengths = [sum(len(sample.input_ids) for sample in row) for row in rows]
        length = -(-max(lengths) // self.multiple) * self.multiple
        batch = SFTBatch(
            input_ids=torch.full((len(rows), length), self.pad_token_id),
            shift_labels=torch.full((len(rows), length), IGNORE_INDEX),
            lengths=torch.tensor(lengths),
        )
        positions = torch.arange(length).repeat(len(rows), 1)
        for number, row in enumerate(rows):
            start = 0
            for sample in row:
                end = start + len(sample.input_ids)
                ids = torch.from_numpy(sample.input_ids).long()
                batch["input_ids"][number, start:end] = ids
                # The last token of a document predicts nothing, so its label stays ignored.
                has_loss = torch.from_numpy(sample.loss_mask[1:])
                batch["shift_labels"][number, start : end - 1] = ids[1:].where(
                    has_loss, IGNORE_INDEX
                )
                positions[number, start:] -= positions[number, start].item()
                start = end
        if self.packs:
            batch["position_ids"] = positions
        return batch
