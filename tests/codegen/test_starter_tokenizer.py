"""What a starter recipe says of its tokenizer."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import DEFINITION, arctic_gen, write


@pytest.mark.parametrize(
    ("offered", "said"),
    [
        ("byte_level_bpe", "offer `huggingface` in the definition with a pretrained model"),
        ("[byte_level_bpe, huggingface]", "take `huggingface` with a pretrained model"),
    ],
)
def test_a_pretrained_model_needs_another_tokenizer(
    offered: str, said: str, tmp_path: Path
) -> None:
    """Beside the tokenizer that a run trains stands what a pretrained model takes instead."""
    key = "tokenizer_factory_type: "
    text = DEFINITION.replace(f"{key}byte_level_bpe", f"{key}{offered}")
    write(tmp_path / "mine.yaml", text)
    assert arctic_gen("new-trainer", "mine.yaml", "--no-verify", folder=tmp_path).code == 0
    recipe = (tmp_path / "mine.recipe.yaml").read_text(encoding="utf-8")
    assert f"type: byte_level_bpe  # trained by this run; {said}\n" in recipe
