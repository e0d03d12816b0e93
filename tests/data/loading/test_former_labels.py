"""``labels`` of interface 1, for scripts that look at batches."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from arctic_training.data.batches import IGNORE_INDEX
from arctic_training.data.loading.former_labels import with_former_labels
from arctic_training.data.loading.loader import EpochLoader

_SKIP = IGNORE_INDEX
_IDS = [5, 6, 7, 8, 9, 0]


def _batch(shifted: list[int], **more: Tensor) -> dict[str, Tensor]:
    tensors = {"input_ids": _IDS, "shift_labels": shifted}
    batch = {name: torch.tensor([values]) for name, values in tensors.items()}
    return batch | {"lengths": torch.tensor([5])} | more


@pytest.mark.parametrize(
    ("shifted", "positions", "expected"),
    [
        ([6, 7, 8, 9, _SKIP, _SKIP], None, [5, 6, 7, 8, 9, _SKIP]),
        ([_SKIP, 7, 8, _SKIP, _SKIP, _SKIP], None, [_SKIP, _SKIP, 7, 8, _SKIP, _SKIP]),
        (
            [6, _SKIP, _SKIP, 9, _SKIP, _SKIP],
            [0, 1, 0, 1, 2, 3],
            [5, 6, _SKIP, _SKIP, 9, _SKIP],
        ),
    ],
)
def test_a_loader_gives_each_token_its_own_label(
    shifted: list[int], positions: list[int] | None, expected: list[int]
) -> None:
    """The label at a place is the token there, also in packed rows; reading it warns."""
    more = {} if positions is None else {"position_ids": torch.tensor([positions])}
    loader = EpochLoader([0], lambda _: _batch(shifted, **more), micro_batch_size=1, seed=0)
    (batch,) = loader.batches(0)
    assert "labels" not in batch
    with pytest.warns(FutureWarning, match="batches carry `shift_labels`"):
        assert batch["labels"].tolist() == [expected]


def test_what_has_no_labels_to_give_is_a_key_error() -> None:
    """Other keys that are missing, and batches without shifted labels, stay as they are."""
    batch = with_former_labels(_batch([_SKIP] * 6))
    with pytest.raises(KeyError, match="position_ids"):
        batch["position_ids"]
    own = {"pairs": torch.zeros(1)}
    assert with_former_labels(own) is own
