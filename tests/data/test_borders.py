"""Tokens that reach across the border of an answer."""

from __future__ import annotations

import pytest
from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from transformers import PreTrainedTokenizerFast

from arctic_training.data.chat.conversation import Message
from arctic_training.data.chat.encoding import ChatEncoder, MaskOptions

_ANSWER = "{{ m.content }}"
_MARKED = f"{{% generation %}}{_ANSWER}{{% endgeneration %}}"
_TEMPLATE = "{% for m in messages %}{{ m.role + '\n' }}ANSWER{{ '\n' }}{% endfor %}"


def _tokenizer(answer: str) -> PreTrainedTokenizerFast:
    """Return a tokenizer that merges a line break with an `y` behind it, and an `s` before it."""
    merges = [("\u010a", "y"), ("s", "\u010a")]
    alphabet = sorted(ByteLevel.alphabet())
    vocabulary = {token: i for i, token in enumerate([*alphabet, "\u010ay", "s\u010a"])}
    tokenizer = Tokenizer(BPE(vocab=vocabulary, merges=merges))
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False, use_regex=False)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, chat_template=_TEMPLATE.replace("ANSWER", answer)
    )


@pytest.mark.parametrize("answer", [_ANSWER, _MARKED])
@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("yes", ["\u010ay", "e", "s\u010a"]),
        ("no", ["n", "o"]),
        ("y", ["\u010ay"]),
        ("s", ["s\u010a"]),
    ],
)
def test_tokens_across_a_border_are_trained(answer: str, content: str, expected: list[str]) -> None:
    """A token with a character of the answer is trained, also where it has the template's too."""
    tokenizer = _tokenizer(answer)
    encoder = ChatEncoder(tokenizer, MaskOptions())
    said = [Message(role="assistant", content=content)]
    (sample,) = encoder.encode([encoder.masked_text(said)])
    trained = sample.input_ids[sample.loss_mask].tolist()
    assert tokenizer.convert_ids_to_tokens(trained) == expected
