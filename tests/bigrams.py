"""The smallest model of language there is, and what NumPy says of it in fp64."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Final, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from typing_extensions import override

from arctic_training.data.batches import IGNORE_INDEX, PreferenceBatch

Array: TypeAlias = NDArray[np.float64]
Answer: TypeAlias = list[tuple[int, int]]
"""The trained tokens of a row, each with the one before it."""

VOCABULARY: Final = 17
_WIDTH: Final = 5


class Bigrams(nn.Module):
    """Each token says what follows: logits are ``W e``, of the token's embedding ``e``."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.embedding = nn.Parameter(torch.randn(VOCABULARY, _WIDTH, generator=generator))
        self.output = nn.Parameter(torch.randn(VOCABULARY, _WIDTH, generator=generator))

    @override
    def forward(self, input_ids: Tensor, *, use_cache: bool) -> SimpleNamespace:
        assert not use_cache
        return SimpleNamespace(logits=self.embedding[input_ids] @ self.output.T)

    def arrays(self) -> tuple[Array, Array]:
        """Return the embedding and the output, in fp64."""
        embedding, output = (w.detach().numpy().astype(np.float64) for w in self.parameters())
        return embedding, output


def softmax(weights: tuple[Array, Array], token: int, temperature: float = 1.0) -> Array:
    """Return the probability of each token to follow."""
    powers: Array = np.exp(weights[1] @ weights[0][token] / temperature)
    probabilities: Array = powers / powers.sum()
    return probabilities


def log_probability(model: Bigrams, answer: Answer) -> float:
    """Return the logarithm of an answer's probability."""
    weights = model.arrays()
    return sum(float(np.log(softmax(weights, before)[token])) for before, token in answer)


def pair_batch(sides: list[tuple[int, int]], *, padding: int, seed: int) -> PreferenceBatch:
    """Return random rows of some prompt and answer lengths, chosen ones first.

    Behind each stand at least ``padding`` tokens, which are random too.
    """
    generator = torch.Generator().manual_seed(seed)
    length = max(map(sum, sides)) + padding
    input_ids = torch.randint(VOCABULARY, (len(sides), length), generator=generator)
    labels = torch.full_like(input_ids, IGNORE_INDEX)
    for row, (prompt, answer) in enumerate(sides):
        said = input_ids[row, prompt : prompt + answer]
        labels[row, prompt - 1 : prompt - 1 + answer] = said
    lengths = torch.tensor([*map(sum, sides)])
    return PreferenceBatch(
        num_pairs=len(sides) // 2, input_ids=input_ids, shift_labels=labels, lengths=lengths
    )


def answers(ids: Tensor, sides: list[tuple[int, int]]) -> list[Answer]:
    """Return the answer of each row; ``ids`` is of shape (rows, length)."""
    return [
        [(int(row[t - 1]), int(row[t])) for t in range(prompt, prompt + answer)]
        for row, (prompt, answer) in zip(ids, sides, strict=True)
    ]
