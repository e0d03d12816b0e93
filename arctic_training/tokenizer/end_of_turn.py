"""The token that ends a turn of the assistant in a chat template."""

from __future__ import annotations

from typing import Final

from jinja2 import TemplateError
from transformers import PreTrainedTokenizerBase

__all__ = ["end_of_turn_token", "rendered_turn"]

_QUESTION: Final = "Sentinelquestion"
_ANSWER: Final = "Sentinelanswer"


def rendered_turn(tokenizer: PreTrainedTokenizerBase) -> str:
    """Return a short exchange in the tokenizer's chat template; empty if it has none that fits."""
    messages = [
        {"role": "user", "content": _QUESTION},
        {"role": "assistant", "content": _ANSWER},
    ]
    try:
        return str(tokenizer.apply_chat_template(messages, tokenize=False))
    except (TemplateError, ValueError, TypeError, LookupError):  # whatever a template trips over
        return ""


def end_of_turn_token(tokenizer: PreTrainedTokenizerBase) -> int | None:
    """Return the id of the added token right behind an answer, white space aside; None if none."""
    _, answer, behind = rendered_turn(tokenizer).rpartition(_ANSWER)
    if not answer or not behind.strip():
        return None
    first = tokenizer(behind.lstrip(), add_special_tokens=False)["input_ids"][0]
    return int(first) if first in tokenizer.added_tokens_decoder else None
