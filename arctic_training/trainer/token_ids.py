"""Token ids of a batch, checked against the embedding of the model that gets them."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from arctic_training.errors import TrainingError

__all__ = ["check_token_ids"]


def check_token_ids(batch: Mapping[str, object], model: nn.Module) -> None:
    """Verify that a model has an embedding for every token of a batch that is on the CPU.

    Data factories that tokenize check their samples while they prepare them. Batches of others are
    checked here: on a GPU, such an id ends the process with a device-side assertion.

    Raises:
        TrainingError: an id of ``input_ids`` has no row in the embedding.

    """
    ids, layer = batch.get("input_ids"), getattr(model, "get_input_embeddings", lambda: None)()
    rows = getattr(layer, "num_embeddings", None)
    if not isinstance(ids, Tensor) or not isinstance(rows, int):
        return
    if ids.device.type != "cpu" or not ids.numel():
        return
    lowest, highest = (int(each) for each in ids.aminmax())
    if lowest < 0 or highest >= rows:
        wrong = lowest if lowest < 0 else highest
        raise TrainingError(
            f"a batch has the token id {wrong}, and the embedding of the model has {rows:,} rows",
            hint="make the data with the tokenizer of the model",
        )
