"""Pairs of answers: where they come from, and which of their tokens are trained."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import datasets
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from arctic_trainers.dpo import DPOTrainer
from arctic_training.config.preference import (
    HFPreferenceSourceConfig,
    PythonDocsPreferenceSourceConfig,
)
from arctic_training.data.batches import IGNORE_INDEX
from arctic_training.data.chat.conversation import Conversation, Message, Preference
from arctic_training.data.factories.preference import PreferenceDataFactory
from arctic_training.data.sources.mixture import mix
from arctic_training.data.sources.python_docs import python_docs
from arctic_training.data.sources.registry import preference_source
from arctic_training.data.store.samples import Sample
from arctic_training.errors import RecipeError, UnusableRecipeError
from tests.preferences import dpo_config, pairs, preference_data
from tests.support import write
from tests.tiny import Recorder, prepared

_UNMARKED = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
)


def _user(text: str) -> Conversation:
    return [{"role": "user", "content": text}]


def _assistant(text: str) -> Conversation:
    return [{"role": "assistant", "content": text}]


@pytest.fixture(scope="module")
def trainer() -> DPOTrainer:
    """Return a trainer whose parts the tests use."""
    return DPOTrainer(dpo_config())


def _factory(trainer: DPOTrainer, **changes: object) -> PreferenceDataFactory:
    trainer.progress = Recorder()
    return PreferenceDataFactory(trainer, trainer.config.data.model_copy(update=changes))


def _load(trainer: DPOTrainer, path: Path, **columns: str | None) -> list[Preference]:
    source = HFPreferenceSourceConfig(name_or_path=str(path), **columns)  # type: ignore[arg-type]
    return [*mix([preference_source(source)], _factory(trainer))]


def _rows(path: Path, rows: list[dict[str, object]]) -> Path:
    return write(path / "rows.jsonl", "".join(json.dumps(row) + "\n" for row in rows))


_SPLIT = Preference(_user("q"), _assistant("right"), _assistant("wrong"))
_LONGER = Preference(
    [*_user("q"), *_assistant("a"), *_user("r")], _assistant("right"), _assistant("wrong")
)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"prompt": "q", "chosen": "right", "rejected": "wrong"}, _SPLIT),
        (
            {"prompt": _user("q"), "chosen": _assistant("right"), "rejected": _assistant("wrong")},
            _SPLIT,
        ),
        (
            {
                "chosen": [*_user("q"), *_assistant("right")],
                "rejected": [*_user("q"), *_assistant("wrong")],
            },
            _SPLIT,
        ),
        (
            {
                "prompt": "q",
                "chosen": [*_LONGER.prompt, *_assistant("right")],
                "rejected": [*_LONGER.prompt, *_assistant("wrong")],
            },
            _LONGER,
        ),
        (
            {
                "prompt": _LONGER.prompt,
                "chosen": "right",
                "rejected": [*_LONGER.prompt, *_assistant("wrong")],
            },
            _LONGER,
        ),
    ],
)
def test_forms_of_a_pair(
    row: dict[str, object], expected: Preference, trainer: DPOTrainer, tmp_path: Path
) -> None:
    """Texts, messages and whole conversations mean the same; the prompt is what both begin with."""
    columns = {} if "prompt" in row else {"prompt_column": None}
    assert _load(trainer, _rows(tmp_path, [row, row]), **columns) == [expected, expected]


def _parquet(path: Path) -> Path:
    file = path / "said.parquet"
    datasets.Dataset.from_list(pairs(3)).to_parquet(str(file))
    return file


def _folder(path: Path) -> Path:
    datasets.Dataset.from_list(pairs(3)).save_to_disk(str(path / "saved"))
    return path / "saved"


@pytest.mark.parametrize("write_rows", [_parquet, _folder])
def test_files_and_folders(
    write_rows: Callable[[Path], Path], trainer: DPOTrainer, tmp_path: Path
) -> None:
    """Pairs come from all that conversations come from, and columns may have other names."""
    path = write_rows(tmp_path)
    loaded = _load(trainer, path)
    assert [p.chosen[0]["content"] for p in loaded] == [row["chosen"] for row in pairs(3)]
    swapped = _load(trainer, path, chosen_column="rejected", rejected_column="chosen")
    assert swapped == [Preference(p.prompt, p.rejected, p.chosen) for p in loaded]


def test_embedded_pairs(trainer: DPOTrainer) -> None:
    """Each question of the documentation has its own answer chosen, and another's rejected."""
    loaded = [*mix([preference_source(PythonDocsPreferenceSourceConfig())], _factory(trainer))]
    assert [[*p.prompt, *p.chosen] for p in loaded] == python_docs()
    assert all(p.chosen != p.rejected for p in loaded)
    assert sorted(p.rejected[0]["content"] for p in loaded) == sorted(
        p.chosen[0]["content"] for p in loaded
    )
    few = PythonDocsPreferenceSourceConfig(sample_count=5)
    sampled = [*mix([preference_source(few)], _factory(trainer))]
    assert len(sampled) == 5
    assert all(pair in loaded for pair in sampled)


@pytest.mark.parametrize(
    ("row", "field", "words"),
    [
        ({"prompt": "q", "chosen": "x", "bad": "y"}, "name_or_path", "no column `rejected`"),
        ({"question": "q", "chosen": "x", "rejected": "y"}, "name_or_path", "no column `prompt`"),
        ({"prompt": "q", "chosen": 1, "rejected": "y"}, "chosen_column", "row 0"),
        ({"prompt": "q", "chosen": ["x"], "rejected": "y"}, "chosen_column", "row 0"),
        ({"prompt": None, "chosen": "x", "rejected": "y"}, "prompt_column", "row 0"),
        (
            {"prompt": "", "chosen": [*_user("q"), *_assistant("x")], "rejected": _user("r")},
            "chosen_column",
            "do not begin with the same prompt",
        ),
    ],
)
def test_rows_that_are_no_pairs(
    row: dict[str, object], field: str, words: str, trainer: DPOTrainer, tmp_path: Path
) -> None:
    """A row without the columns of a pair is named, with what it has, at the field to change."""
    with pytest.raises(RecipeError) as raised:
        _load(trainer, _rows(tmp_path, [row]))
    assert raised.value.pointer == (field,)
    assert words in raised.value.message


def test_answers_without_a_prompt(trainer: DPOTrainer, tmp_path: Path) -> None:
    """Where no column of prompts is read, an answer alone is an error."""
    rows: list[dict[str, object]] = [{"chosen": "x", "rejected": "y"}]
    with pytest.raises(RecipeError, match="an answer without a prompt"):
        _load(trainer, _rows(tmp_path, rows), prompt_column=None)


def test_missing_columns_are_known_beforehand(tmp_path: Path) -> None:
    """A column that a local file does not have is found before anything is prepared."""
    rows = [{"prompt": "q", "good": "x", "rejected": "y"}]
    with pytest.raises(UnusableRecipeError) as raised:
        DPOTrainer(dpo_config(data=preference_data(tmp_path / "d.jsonl", rows)))
    (problem,) = raised.value.problems
    assert problem.pointer == ("data", "sources", 0, "name_or_path")
    assert problem.hint == "write `chosen_column: NAME`; there are `good`, `prompt`, `rejected`"


def test_a_missing_file_is_known_beforehand(tmp_path: Path) -> None:
    """A file that is not there is found before anything is prepared, at its line."""
    data = preference_data(tmp_path / "d.jsonl", pairs(1), name_or_path=str(tmp_path / "no.jsonl"))
    with pytest.raises(UnusableRecipeError) as raised:
        DPOTrainer(dpo_config(data=data))
    (problem,) = raised.value.problems
    assert problem.pointer == ("data", "sources", 0, "name_or_path")


_texts = st.sampled_from(
    ["", " ", "yes", "yes yes", "\n", " a\n", "assistant", "<|im_end|>", "\u00e9", "{{ 1 }}"]
) | st.text(max_size=8)
_turns = st.lists(st.tuples(st.sampled_from(["system", "user", "assistant"]), _texts), max_size=3)


@pytest.mark.parametrize("is_marked", [True, False])
@given(turns=_turns, chosen=_texts, rejected=_texts)
@settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_only_the_answer_and_its_end_are_trained(
    *,
    is_marked: bool,
    turns: list[tuple[str, str]],
    chosen: str,
    rejected: str,
    trainer: DPOTrainer,
) -> None:
    """MaskOptions are the answer's tokens and the one that ends it, whatever the prompt says.

    So too where the prompt has answers of its own, and where the template marks none.
    """
    factory = _factory(trainer)
    marked = trainer.tokenizer.chat_template
    said = [Message(role=role, content=content) for role, content in turns]
    prompt: Conversation = [*_user("ask"), *said]
    try:
        if not is_marked:
            trainer.tokenizer.chat_template = _UNMARKED
        pair = Preference(prompt, _assistant(chosen), _assistant(rejected))
        sides = [*factory.tokenised([pair])]
    finally:
        trainer.tokenizer.chat_template = marked
    head = "".join(f"<|im_start|>{m['role']}\n{m['content']}<|im_end|>\n" for m in prompt)
    assert len(sides) == 2
    for side, answer in ((sides[0], chosen), (sides[1], rejected)):
        expected = (f"{head}<|im_start|>assistant\n", f"{answer}<|im_end|>", "\n")
        assert _parts(side) == [
            *trainer.tokenizer(list(expected), add_special_tokens=False)["input_ids"]
        ]


def _parts(side: Sample) -> list[list[int]]:
    """Return the tokens before, in and behind the one stretch that is trained."""
    (places,) = side.loss_mask.nonzero()
    first, last = int(places[0]), int(places[-1]) + 1
    assert side.loss_mask[first:last].all()
    ids = side.input_ids.tolist()
    return [ids[:first], ids[first:last], ids[last:]]


def test_what_cannot_be_trained_on_is_dropped_and_counted(trainer: DPOTrainer) -> None:
    """Sides are within `max_length` and have something to train, or their pair is left out.

    Nothing is cut. The report counts every pair.
    """
    good = Preference(_user("q"), _assistant("right"), _assistant("wrong"))
    long = Preference(_user("q"), _assistant("right"), _assistant("wrong " * 50))
    same = Preference(_user("q"), _assistant("right"), _assistant("right"))
    alone = Preference(_user("q"), _assistant("right"), [])
    untrained = Preference(_user("q"), _assistant("right"), _user("wrong"))
    factory = _factory(trainer, max_length=40)
    trainer.progress = recorder = Recorder()
    kept = factory.rows(prepared(factory, [good, long, same, alone, untrained, good, long]))
    assert len(kept) == 2
    assert [side.input_ids.tolist() for side in kept[0]] == [
        side.input_ids.tolist() for side in kept[1]
    ]
    assert all(len(side.input_ids) <= 40 for pair in kept for side in pair)
    notes = recorder.notes[0].splitlines()
    assert notes[0] == "pairs: 2 of 7, each of two samples"
    lost = [note.split(" samples, ")[0] for note in notes if note.startswith("left out")]
    reasons = [note.rpartition(": ")[2] for note in notes if note.startswith("left out")]
    assert lost == ["left out: 2", "left out: 2", "left out: 4", "left out: 2"]
    assert reasons == [
        "1 answer has no other of the prompt to be paired with",
        "chosen and rejected are the same",
        "chosen or rejected is longer than 40 tokens",
        "chosen or rejected has no token with loss",
    ]
    with pytest.raises(RecipeError, match="no pair is left"):
        factory.rows(prepared(factory, [long, same]))


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{% for m in messages %}{{ m['content'] | upper }}{% endfor %}", "changes"),
        ("{% for m in messages[-1:] %}{{ m['content'] }}<|im_end|>{% endfor %}", "leaves out"),
        ("{{ raise_exception('no') }}", "refuses"),
    ],
)
def test_templates_that_hide_answers(template: str, words: str, trainer: DPOTrainer) -> None:
    """A template from which the answer's tokens cannot be told is refused with a reason."""
    factory, marked = _factory(trainer), trainer.tokenizer.chat_template
    pair = Preference([*_user("q"), *_assistant("a"), *_user("r")], _assistant("x"), _assistant(""))
    try:
        trainer.tokenizer.chat_template = template
        with pytest.raises(RecipeError, match=words):
            prepared(factory, [pair])
    finally:
        trainer.tokenizer.chat_template = marked


def test_a_batch_has_the_chosen_rows_first(tmp_path: Path) -> None:
    """A batch stacks all chosen sides on the rejected ones, padded to a multiple on the right."""
    trainer = DPOTrainer(dpo_config(data=preference_data(tmp_path / "d.jsonl", pairs(5))))
    factory = trainer.make_data_factory()
    loader = factory.create()
    batch = next(iter(loader.batches(0)))
    assert batch["input_ids"].shape == batch["shift_labels"].shape
    assert batch["input_ids"].shape[0] == len(batch["lengths"]) == 4
    assert batch["input_ids"].shape[1] % 8 == 0
    assert factory.count_tokens(batch) == batch["lengths"].sum()
    texts = []
    for ids, labels, length in zip(
        batch["input_ids"], batch["shift_labels"], batch["lengths"].tolist(), strict=True
    ):
        assert (ids[length:] == trainer.tokenizer.pad_token_id).all()
        assert (labels[length - 1 :] == IGNORE_INDEX).all()
        has_loss = labels[:-1] != IGNORE_INDEX
        assert (ids[1:][has_loss] == labels[:-1][has_loss]).all()
        texts.append(str(trainer.tokenizer.decode(ids[1:][has_loss])).removesuffix("<|im_end|>"))
    said = {(row["chosen"], row["rejected"]) for row in pairs(5)}
    assert {(texts[0], texts[2]), (texts[1], texts[3])} <= said
