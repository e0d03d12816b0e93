"""Sources in Snowflake, read through a module that stands in for Snowpark."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from types import ModuleType, SimpleNamespace

import pyarrow as pa
import pytest

from arctic_training.config.source import SnowflakeSourceConfig
from arctic_training.data.chat.conversation import Preference
from arctic_training.data.sources.item_kinds import DOCUMENTS
from arctic_training.data.sources.mixture import mix
from arctic_training.data.sources.registry import (
    conversation_source,
    document_source,
    preference_source,
)
from arctic_training.data.sources.snowflake import SnowflakeSource
from arctic_training.data.sources.source import sources_fingerprint
from arctic_training.errors import RecipeError, UnusableRecipeError
from arctic_training.trainer.data_stage import DataStage
from tests.tiny import HandTrainer, hand_config, ragged


class Frame:
    """Rows, as Snowpark gives them: names in capitals unless they were quoted."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table
        names = table.column_names
        self.columns = [name if name.isupper() else f'"{name}"' for name in names]

    def count(self) -> int:
        """Return how many rows there are."""
        return int(self.table.num_rows)

    def limit(self, number: int) -> Frame:
        """Return the first rows."""
        return Frame(self.table.slice(0, number))

    def collect(self) -> list[tuple[int, int]]:
        """Return what the query for a digest does."""
        return [(hash(str(self.table.to_pylist())), self.table.num_rows)]

    def to_arrow_batches(self) -> Iterator[pa.Table]:
        """Iterate over the rows, three at a time."""
        for start in range(0, self.table.num_rows, 3):
            yield self.table.slice(start, 3)


class Snowflake:
    """A session, with what was asked of it."""

    def __init__(self) -> None:
        self.tables: dict[str, pa.Table] = {}
        self.asked: list[str] = []
        self.read = self

    def config(self, key: str, value: str) -> Snowflake:
        """Set a parameter of the connection."""
        self.asked.append(f"{key}={value}")
        return self

    option = config

    def getOrCreate(self) -> Snowflake:  # noqa: N802 - as in Snowpark
        """Return the session."""
        return self

    def sql(self, query: str) -> Frame:
        """Return the rows of the table that a query names."""
        self.asked.append(query)
        return self.parquet(query.rpartition(" ")[2].strip("()"))

    def parquet(self, path: str) -> Frame:
        """Return the rows of a place."""
        if path not in self.tables:
            raise ValueError(f"Object {path} does not exist\\nor not authorized.")
        return Frame(self.tables[path])


@pytest.fixture(name="snowflake")
def _snowflake(monkeypatch: pytest.MonkeyPatch) -> Snowflake:
    session = Snowflake()
    for name in ("snowflake", "snowflake.snowpark"):
        module = ModuleType(name)
        module.__spec__ = ModuleSpec(name, None)
        module.__path__ = []
        monkeypatch.setitem(sys.modules, name, module)
    module.Session = SimpleNamespace(builder=session)  # type: ignore[attr-defined]
    return session


@pytest.fixture(name="reader", scope="module")
def _reader() -> HandTrainer:
    return HandTrainer(hand_config(train_iters=1))


def _source(**section: object) -> SnowflakeSourceConfig:
    return SnowflakeSourceConfig.model_validate(section)


def test_conversations(snowflake: Snowflake, reader: HandTrainer) -> None:
    """Rows of a table or a query are conversations; semi-structured columns come as JSON."""
    said = ragged(10)
    snowflake.tables["DB.TALKS"] = pa.table({"MESSAGES": [json.dumps(c) for c in said]})
    factory = reader.make_data_factory()
    for section in ({"table_name": "DB.TALKS"}, {"sql": "SELECT * FROM DB.TALKS;"}):
        source = _source(**section, connection_name="mine")
        SnowflakeSource(source, DOCUMENTS).check()
        assert [*mix([conversation_source(source)], factory)] == said
        chosen = source.model_copy(update={"sample_count": 4})
        assert len([*mix([conversation_source(chosen)], factory)]) == 4
        assert [
            *mix([conversation_source(source.model_copy(update={"limit": 4}))], factory)
        ] == said[:4]
    assert "connection_name=mine" in snowflake.asked


@pytest.mark.parametrize(
    "end", [" ", ";", " -- all of it", "; -- all of it\n", " /* a; b */ ;\n", " // all;\n;;", "--"]
)
@pytest.mark.parametrize(
    "query",
    ["SELECT * FROM T", "SELECT ';--' AS a -- a'\nFROM T", "SELECT 'it''s \\'' FROM \"a--\""],
)
def test_what_ends_a_query_may_stand_there(
    end: str, query: str, snowflake: Snowflake, reader: HandTrainer
) -> None:
    """Semicolons and comments at the end are left out, and nothing else is, also within quotes."""
    snowflake.tables = dict.fromkeys(["T", '"a--"'], pa.table({"TEXT": ["a"]}))
    source = _source(sql=query + end)
    assert [*mix([document_source(source)], reader.make_data_factory())] == ["a"]
    sources_fingerprint(reader.make_data_factory(), [document_source(source)])
    asked = {question.partition(" FROM ")[2] for question in snowflake.asked}
    assert asked == {f"({query})"}


def test_documents_and_preferences(snowflake: Snowflake, reader: HandTrainer) -> None:
    """Columns get the names that are needed; those without quotes are written in small letters."""
    snowflake.tables["T"] = pa.table({"BODY": ["a", "[b"], "Question": ["c", "d"]})
    factory = reader.make_data_factory()
    source = _source(table_name="T", column_mapping={"BODY": "text"})
    assert [*mix([document_source(source)], factory)] == ["a", "[b"]
    source = _source(table_name="T", column_mapping={"Question": "text"}, batch_size=1)
    assert [*mix([document_source(source)], factory)] == ["c", "d"]
    uri = "snow://dataset/D/versions/v1"
    snowflake.tables[f"{uri}/"] = pa.table({"prompt": ["q"], "good": ["r"], "bad": ["w"]})
    source = _source(dataset_uri=uri, column_mapping={"good": "chosen", "bad": "rejected"})
    user = [{"role": "user", "content": "q"}]
    right, wrong = ([{"role": "assistant", "content": text}] for text in "rw")
    assert [*mix([preference_source(source)], factory)] == [Preference(user, right, wrong)]  # type: ignore[arg-type]


def test_texts_that_are_json_stay_texts(snowflake: Snowflake, reader: HandTrainer) -> None:
    """A list of messages is one wherever it is asked for; any other text is what it says."""
    factory = reader.make_data_factory()
    said = json.dumps(ragged(1)[0])
    snowflake.tables["T"] = pa.table({"TEXT": ["[1, 2]", "[]", said]})
    assert [*mix([document_source(_source(table_name="T"))], factory)] == ["[1, 2]", "[]", said]
    snowflake.tables["P"] = pa.table({"PROMPT": ["Two?"], "CHOSEN": ["[2]"], "REJECTED": ["[]"]})
    ((_, chosen, rejected),) = mix([preference_source(_source(table_name="P"))], factory)
    assert [chosen[0]["content"], rejected[0]["content"]] == ["[2]", "[]"]


def test_content_decides(snowflake: Snowflake, reader: HandTrainer) -> None:
    """Other rows under the same name are other content; the same under another name are not."""
    factory = reader.make_data_factory()
    snowflake.tables |= {"A": pa.table({"TEXT": ["a"]}), "B": pa.table({"TEXT": ["a"]})}
    one, other = (
        sources_fingerprint(factory, [document_source(_source(table_name=name))]) for name in "AB"
    )
    assert one == other
    snowflake.tables["A"] = pa.table({"TEXT": ["b"]})
    assert sources_fingerprint(factory, [document_source(_source(table_name="A"))]) != one
    assert "HASH_AGG(*)" in snowflake.asked[0]


def test_what_has_no_order_is_not_parted(snowflake: Snowflake) -> None:
    """Rows that come in any order are not held out by number: two queries part them for certain."""
    every, some = ({"type": "snowflake", "table_name": name} for name in "TE")
    for source in (every, {"type": "snowflake", "sql": "SELECT * FROM T ORDER BY 1"}):
        data = {"sources": source, "train_eval_split": [0.75, 0.25]}
        with pytest.raises(UnusableRecipeError, match="another order each time") as caught:
            DataStage(HandTrainer, hand_config(data=data, eval_interval=1))
        (problem,) = caught.value.problems
        assert problem.pointer == ("data", "train_eval_split")
        assert "`eval_sources`" in problem.hint
    assert snowflake.asked == []
    said = [[json.dumps(each) for each in part] for part in (ragged(6), ragged(9)[6:])]
    for name, part in zip("TE", said, strict=True):
        snowflake.tables[name] = pa.table({"MESSAGES": part})
    data = {"sources": every, "eval_sources": some}
    stage = DataStage(HandTrainer, hand_config(data=data, eval_interval=1))
    numbers = [len(factory.create()) for factory in (stage.data, *stage.evaluated.values())]
    assert numbers == [3, 2]  # batches of two


@pytest.mark.parametrize(
    ("section", "pointer", "message"),
    [
        ({}, "type", "has one of `sql`, `table_name` and `dataset_uri`"),
        ({"sql": "SELECT 1", "table_name": "T"}, "table_name", "has one of"),
        ({"dataset_uri": "snow://dataset/x"}, "dataset_uri", "address of a version"),
    ],
)
@pytest.mark.usefixtures("snowflake")
def test_what_is_not_a_source(section: dict[str, str], pointer: str, message: str) -> None:
    """A source names one thing to read; nothing is asked of Snowflake to find that out."""
    with pytest.raises(RecipeError, match=message) as caught:
        SnowflakeSource(_source(**section), DOCUMENTS).check()
    assert caught.value.pointer == (pointer,)


@pytest.mark.parametrize(
    ("table", "pointer", "message", "hint"),
    [
        ("NO", "table_name", "cannot be read: Object NO", "`connection_name`"),
        ("T", "column_mapping", "no column `text`; there are `txt`", "did you mean `txt`?"),
        ("N", "column_mapping", "row 1 has no string there", ""),
    ],
)
def test_what_cannot_be_read(  # noqa: PLR0917 - four columns and two fixtures
    table: str,
    pointer: str,
    message: str,
    hint: str,
    snowflake: Snowflake,
    reader: HandTrainer,
) -> None:
    """A table, a column or a text that is not there is an error of the recipe at its key."""
    snowflake.tables["T"] = pa.table({"TXT": ["a"]})
    snowflake.tables["N"] = pa.table({"TEXT": ["a", None]})
    with pytest.raises(RecipeError, match=message) as caught:
        list(mix([document_source(_source(table_name=table))], reader.make_data_factory()))
    assert caught.value.pointer[-1] == pointer
    assert caught.value.hint.startswith(hint)


def test_without_the_package() -> None:
    """Where Snowpark is not installed, the check of the recipe says how to install it."""
    with pytest.raises(RecipeError, match="not installed") as caught:
        SnowflakeSource(_source(table_name="T"), DOCUMENTS).check()
    assert caught.value.hint == "pip install 'arctic-training-gen[snowflake]'"
