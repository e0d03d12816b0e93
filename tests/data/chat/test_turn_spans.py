"""Turns in which the assistant calls functions or thinks, against conversations by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arctic_training.config.data import HFInstructSourceConfig
from arctic_training.data.chat.conversation import Conversation, Message
from arctic_training.data.chat.encoding import ChatEncoder, MaskOptions
from arctic_training.data.chat.spans import UndecidableError
from arctic_training.data.factories.sft import SFTDataFactory
from arctic_training.data.sources.huggingface_instruct import HFInstructSource
from arctic_training.errors import RecipeError
from tests.support import write
from tests.tiny import HandTrainer, hand_config

Pieces: TypeAlias = Iterator[tuple[str, bool]]
"""Texts one after the other, and whether the assistant says them."""

_OFFERED: Final = "{% if tools %}{{ tools | tojson }}{% endif %}"
_QWEN: Final = (
    _OFFERED + "{% for m in messages %}{% if m.tool_calls %}<|im_start|>assistant"
    "{% if m.content %}{{ '\\n' + m.content }}{% endif %}{% for c in m.tool_calls %}"
    '{{ \'\\n<tool_call>\\n{"name": "\' + c.function.name + \'", "arguments": \' }}'
    "{{ c.function.arguments | tojson }}{{ '}\\n</tool_call>' }}{% endfor %}<|im_end|>\n"
    "{% else %}{{ '<|im_start|>' + m.role + '\\n' + m.content }}<|im_end|>\n{% endif %}{% endfor %}"
)
_LLAMA: Final = (
    _OFFERED + "{% for m in messages %}{{ '[' + m.role + ']\\n\\n' }}{% if m.tool_calls %}"
    "{{ m.tool_calls[0].function | tojson }}{% else %}{{ m.content | trim }}{% endif %}<|eot|>"
    "{% endfor %}"
)
_MISTRAL: Final = (
    _OFFERED + "{% for m in messages %}{% if m.role == 'assistant' %}{% if m.tool_calls %}"
    "[TOOL_CALLS]{{ m.tool_calls | tojson }}</s>{% else %}{{ ' ' + m.content }}</s>{% endif %}"
    "{% else %}[INST]{{ m.content }}[/INST]{% endif %}{% endfor %}"
)
_TEXTS: Final = st.sampled_from(
    ["", "yes", " f ", "<|im_end|>", "\n", "}", "f", "</s>", "[/INST] "]
)
_CALLS: Final = st.dictionaries(st.sampled_from("xy"), _TEXTS | st.integers(0, 3), max_size=2)


def _call(arguments: Mapping[str, object]) -> dict[str, object]:
    return {"type": "function", "function": {"name": "f", "arguments": arguments}}


def _qwen(said: Conversation) -> Pieces:
    for message in said:
        content = message["content"]
        if calls := message.get("tool_calls"):
            written = "\n".join(map(_written, calls))
            yield "<|im_start|>assistant\n", False
            yield f"{content}\n{written}<|im_end|>" if content else f"{written}<|im_end|>", True
        else:
            yield f"<|im_start|>{message['role']}\n", False
            yield f"{content}<|im_end|>", message["role"] == "assistant"
        yield "\n", False


def _written(call: Any) -> str:  # noqa: ANN401 - as JSON has it
    arguments = json.dumps(call["function"]["arguments"], ensure_ascii=False)
    return f'<tool_call>\n{{"name": "f", "arguments": {arguments}}}\n</tool_call>'


def _llama(said: Conversation) -> Pieces:
    for message in said:
        yield f"[{message['role']}]\n\n", False
        calls: Any = message.get("tool_calls")
        written = json.dumps(calls[0]["function"], ensure_ascii=False) if calls else ""
        answer = written or message["content"].strip()
        yield f"{answer}<|eot|>", message["role"] == "assistant"


def _mistral(said: Conversation) -> Pieces:
    for message in said:
        if message["role"] != "assistant":
            yield f"[INST]{message['content']}[/INST]", False
            continue
        if calls := message.get("tool_calls"):
            yield f"[TOOL_CALLS]{json.dumps(calls, ensure_ascii=False)}</s>", True
        else:
            yield " ", False
            yield f"{message['content']}</s>", True


_STYLES: Final[dict[str, tuple[str, Callable[[Conversation], Pieces]]]] = {
    "qwen": (_QWEN, _qwen),
    "llama": (_LLAMA, _llama),
    "mistral": (_MISTRAL, _mistral),
}


@st.composite
def _conversations(draw: st.DrawFn) -> Conversation:
    """Draw messages, of which those of the assistant may call a function, several times over."""
    said: Conversation = []
    for role in draw(
        st.lists(st.sampled_from(["user", "assistant", "tool"]), min_size=1, max_size=6)
    ):
        message = Message(role=role, content=draw(_TEXTS))
        if role == "assistant" and draw(st.booleans()):
            message["tool_calls"] = [
                _call(each) for each in draw(st.lists(_CALLS, min_size=1, max_size=2))
            ]
        said.append(message)
    return said


@pytest.fixture(scope="module")
def trainer() -> HandTrainer:
    """Return a trainer with a tokenizer, whose template each test replaces."""
    return HandTrainer(hand_config(tokenizer={"vocab_size": 600}, train_iters=1))


def _encoder(trainer: HandTrainer, template: str) -> ChatEncoder:
    trainer.tokenizer.chat_template = template
    return ChatEncoder(trainer.tokenizer, MaskOptions())


@pytest.mark.parametrize("name", _STYLES)
@given(said=_conversations())
def test_calls_are_trained(trainer: HandTrainer, name: str, said: Conversation) -> None:
    """A turn with calls is trained whole: content, calls, what stands around them, and its end."""
    template, by_hand = _STYLES[name]
    pieces = [*by_hand(said)]
    text, spans = _encoder(trainer, template).masked_text(said)
    assert text == "".join(piece for piece, _ in pieces)
    ends = np.cumsum([len(piece) for piece, _ in pieces]).tolist()
    expected = [
        (end - len(piece), end)
        for (piece, is_said), end in zip(pieces, ends, strict=True)
        if is_said
    ]
    assert spans == expected


_THINKING: Final = (
    "{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' }}"
    "{% if m.role == 'assistant' and (loop.last or m.reasoning_content) %}"
    "{{ '<think>\\n' + (m.reasoning_content or '') | trim + '\\n</think>\\n\\n' }}{% endif %}"
    "{{ m.content + '<|im_end|>\\n' }}{% endfor %}"
)


@pytest.mark.parametrize("behind", [[], [Message(role="user", content="so?")]])
def test_thoughts_are_trained(trainer: HandTrainer, behind: Conversation) -> None:
    """What the assistant thinks is trained with the tags around it, in the last turn too."""
    thinks = cast("Message", {"role": "assistant", "content": "yes", "reasoning_content": "hm"})
    said = [Message(role="user", content="yes?"), thinks, *behind]
    text, ((start, end),) = _encoder(trainer, _THINKING).masked_text(said)
    assert text[start:end] == "<think>\nhm\n</think>\n\nyes<|im_end|>"


def test_a_call_ends_with_the_end_of_its_turn(trainer: HandTrainer) -> None:
    """The end of turn behind the calls is trained, and nothing behind that."""
    said = [Message(role="assistant", content="", tool_calls=[_call({"x": 1})])]
    encoder = _encoder(trainer, _QWEN)
    (sample,) = encoder.encode([encoder.masked_text(said)])
    trained = trainer.tokenizer.decode(sample.input_ids[sample.loss_mask].tolist())
    assert trained == _written(said[0]["tool_calls"][0]) + "<|im_end|>"


_CHATML: Final = "{% for m in messages %}{{ m.role + ':' + m.content + '<|im_end|>' }}{% endfor %}"
_CALLING: Final = Message(role="assistant", content="", tool_calls=[_call({})])


@pytest.mark.parametrize("mask_inputs", [True, False])
@pytest.mark.parametrize(
    "message", [_CALLING, Message(role="user", content="a", tools=[_call({})])]
)
def test_templates_that_leave_functions_out(
    trainer: HandTrainer,
    mask_inputs: bool,  # noqa: FBT001 - a row of the table
    message: Message,
) -> None:
    """A template without calls, or without the functions on offer, is refused."""
    trainer.tokenizer.chat_template = _CHATML
    config = trainer.config.data.model_copy(update={"mask_inputs": mask_inputs})
    factory = SFTDataFactory(trainer, config)
    with pytest.raises(RecipeError, match="leaves out the function `f`") as caught:
        [*factory.tokenised([[message]])]
    assert caught.value.pointer[-1] == "sources"


@pytest.mark.parametrize(
    "template",
    [
        "{{ messages[0].tool_calls[0].function.name }}{{ messages | length }}{{ messages }}",
        "{{ messages[0].tool_calls or raise_exception('no') }}",
        "{% if messages[0].tool_calls %}f!{% else %}{{ messages[0].content }}?{% endif %}",
    ],
)
def test_undecidable_turns(trainer: HandTrainer, template: str) -> None:
    """A template that writes the rest anew where a turn has calls is refused, not guessed at."""
    with pytest.raises(UndecidableError):
        _encoder(trainer, template).masked_text([_CALLING])


def test_rows_with_calls(tmp_path: Path) -> None:
    """All that a message has reaches the template; what is null is not there; tools are offered."""
    calls = [_call({"x": 1}), _call({"y": [2]})]
    rows = [
        {
            "messages": [
                {"role": "user", "content": "a", "name": "me", "tool_calls": None},
                {"role": "assistant", "content": None, "tool_calls": calls},
                {"role": "tool", "content": "b", "tool_call_id": "1"},
            ],
            "tools": tools,
        }
        for tools in (json.dumps(calls), None)
    ]
    path = write(tmp_path / "rows.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    items = HFInstructSource(HFInstructSourceConfig(name_or_path=str(path))).items()
    offered, plain = items.stream()
    assert [*items.sized().load(np.arange(2))] == [offered, plain]
    expected: list[dict[str, object]] = [
        {"role": "user", "content": "a", "name": "me"},
        {"role": "assistant", "content": "", "tool_calls": calls},
        {"role": "tool", "content": "b", "tool_call_id": "1"},
    ]
    assert plain == expected
    assert offered == [{**expected[0], "tools": calls}, *expected[1:]]
