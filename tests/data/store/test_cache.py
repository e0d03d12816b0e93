"""The cache of prepared data: what decides an entry, who makes it, and what becomes of a kill."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from arctic_training.data.factories.sft import SFTDataFactory
from arctic_training.data.store.cache import DataCache, NotCachedError
from arctic_training.data.store.samples import Sample
from arctic_training.errors import RecipeError
from tests.support import write
from tests.tiny import HandTrainer, Recorder, hand_config, jsonl, ragged

pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")


@pytest.fixture(scope="module")
def trainer() -> HandTrainer:
    """Return a trainer whose tokenizer the tests use."""
    return HandTrainer(hand_config(train_iters=1))


def _factory(trainer: HandTrainer, folder: Path, **changes: object) -> SFTDataFactory:
    """Return a factory whose source and cache are in a folder."""
    if not (folder / "said.jsonl").exists():
        jsonl(folder / "said.jsonl", ragged(30))
    source = {"name_or_path": str(folder / "said.jsonl"), **changes.pop("source", {})}  # type: ignore[dict-item]
    trainer.config = hand_config(
        data={
            "sources": {"type": "huggingface_instruct"} | source,
            "cache_dir": str(folder / "cache"),
            "pack_samples": True,
            "max_length": 256,
            **changes,
        }
    )
    trainer.progress = Recorder()
    return SFTDataFactory(trainer, trainer.config.data)


def _entries(folder: Path) -> dict[str, bytes]:
    """Return every file of a cache but its locks, by its path."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def _made(factory: SFTDataFactory, folder: Path) -> set[str]:
    """Prepare data, and return which kinds of entries that made."""
    before = _entries(folder / "cache")
    factory.prepare()
    return {path.partition("/")[0] for path in _entries(folder / "cache").keys() - before.keys()}


@pytest.mark.parametrize(
    ("changes", "made"),
    [
        ({}, set()),
        ({"dl_num_workers": 3, "seed": 1, "div_length": 8, "fail_on_missing_cache": True}, set()),
        ({"source": {"eval_name": "other", "sample_seed": 5}}, set()),
        ({"max_length": 100}, {"rows"}),
        ({"over_length": "split"}, {"rows"}),
        ({"pack_samples": False}, {"rows"}),
        ({"mask_inputs": False}, {"tokens", "rows"}),
        ({"train_last_turn_only": True}, {"tokens", "rows"}),
        ({"source": {"sample_count": 9}}, {"tokens", "rows"}),
        ({"source": {"split": "train[:9]"}}, {"tokens", "rows"}),
    ],
)
def test_what_decides_an_entry(
    changes: dict[str, Any], made: set[str], trainer: HandTrainer, tmp_path: Path
) -> None:
    """Options that change tokens make new tokens, those of rows new rows, the others nothing."""
    assert _made(_factory(trainer, tmp_path), tmp_path) == {"tokens", "rows"}
    assert _made(_factory(trainer, tmp_path, **changes), tmp_path) == made


def _edit(folder: Path) -> None:
    """Change a file and put its times back, as a copy that keeps times does."""
    path = folder / "said.jsonl"
    times = path.stat()
    path.write_text(path.read_text().replace("Count", "Tally"))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def test_content_decides_and_not_its_name(trainer: HandTrainer, tmp_path: Path) -> None:
    """Other content in the same file of the same age is prepared anew, a copy elsewhere is not."""
    _factory(trainer, tmp_path).prepare()
    elsewhere = str(write(tmp_path / "b" / "c.jsonl", (tmp_path / "said.jsonl").read_text()))
    assert _made(_factory(trainer, tmp_path, source={"name_or_path": elsewhere}), tmp_path) == set()
    _edit(tmp_path)
    factory = _factory(trainer, tmp_path)
    assert _made(factory, tmp_path) == {"tokens", "rows"}
    first = factory.prepare().samples[0].input_ids
    assert "Tally" in trainer.tokenizer.decode(first)


def test_tokenizer_template_and_code_decide(
    trainer: HandTrainer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another template, another token and other code make new tokens, and what was is kept."""
    before = _entries(tmp_path / "cache")
    _factory(trainer, tmp_path).prepare()
    template = trainer.tokenizer.chat_template
    with monkeypatch.context() as patch:
        patch.setattr(trainer.tokenizer, "chat_template", f"{template} ")
        assert _made(_factory(trainer, tmp_path), tmp_path) == {"tokens", "rows"}
    with monkeypatch.context() as patch:
        patch.setattr("arctic_training.data.store.digests.version", lambda name: f"{name} 99")
        assert _made(_factory(trainer, tmp_path), tmp_path) == {"tokens", "rows"}
    assert _made(_factory(trainer, tmp_path), tmp_path) == set()
    assert before.items() <= _entries(tmp_path / "cache").items()
    wider = HandTrainer(hand_config(tokenizer={"vocab_size": 320}, train_iters=1))
    assert _made(_factory(wider, tmp_path), tmp_path) == {"tokens", "rows"}


def test_what_is_taken_from_the_cache_is_what_was_prepared(
    trainer: HandTrainer, tmp_path: Path
) -> None:
    """A second run has the same rows and shows the same report, and reads no source."""
    factory = _factory(trainer, tmp_path)
    rows = factory.rows(factory.prepare())
    again = _factory(trainer, tmp_path, fail_on_missing_cache=True)
    found = again.rows(again.prepare())
    assert isinstance(trainer.progress, Recorder)
    assert "packed: " in trainer.progress.notes[0]
    assert len(found) == len(rows)
    for mine, theirs in zip(found, rows, strict=True):
        assert [s.input_ids.tolist() for s in mine] == [s.input_ids.tolist() for s in theirs]
        assert [s.loss_mask.tolist() for s in mine] == [s.loss_mask.tolist() for s in theirs]
    report = next((tmp_path / "cache").glob("rows/*/report.txt")).read_text()
    assert report == trainer.progress.notes[0] + "\n"


def test_a_cache_that_has_to_be_there(trainer: HandTrainer, tmp_path: Path) -> None:
    """With `fail_on_missing_cache` what is missing is not prepared: an error says what to do."""
    factory = _factory(trainer, tmp_path, fail_on_missing_cache=True)
    with pytest.raises(RecipeError, match="is not in the cache") as caught:
        factory.prepare()
    assert caught.value.pointer == ("data", "fail_on_missing_cache")
    assert "arctic-train process-data" in caught.value.hint
    assert not (tmp_path / "cache").exists()


def test_a_cache_that_cannot_be_written(trainer: HandTrainer, tmp_path: Path) -> None:
    """A cache that cannot be made is told before anything is prepared, at its key."""
    write(tmp_path / "cache", "a file")
    factory = _factory(trainer, tmp_path)
    (problem,) = factory.problems()
    assert (problem.pointer, problem.code) == (("data", "cache_dir"), "not-writable")
    with pytest.raises(RecipeError, match="cannot be used") as caught:
        factory.prepare()
    assert caught.value.pointer == ("data", "cache_dir")


def test_what_was_damaged_is_made_anew(trainer: HandTrainer, tmp_path: Path) -> None:
    """An entry that lost a file, or the end of one, is not used; it is made again."""
    factory = _factory(trainer, tmp_path)
    factory.prepare()
    whole = _entries(tmp_path / "cache")
    next((tmp_path / "cache").glob("tokens/*/loss_mask.bool")).unlink()
    next((tmp_path / "cache").glob("rows/*/packed.int64")).write_bytes(b"half")
    factory.prepare()
    assert _entries(tmp_path / "cache") == whole


class _Build:
    """Prepares data in processes of its own: what is tokenised is known, the rest is real."""

    def __init__(self, trainer: HandTrainer, folder: Path) -> None:
        self.factory = _factory(trainer, folder)
        self.folder = folder
        self.samples = [*self.factory.encoded()]

    def in_child(self, cache: str, *, step: int = 0, seconds: float = 0.0) -> int:
        """Start a process that prepares into a cache; return its number.

        It kills itself at its ``step``-th operation, and takes some time for each sample.
        """
        child = os.fork()
        if not child:
            try:
                self._prepare(cache, _Steps(step, self.folder / cache), seconds)
                os._exit(0)
            finally:
                os._exit(1)
        return child

    def _prepare(self, cache: str, steps: _Steps, seconds: float) -> None:
        sys.addaudithook(steps.of_files)
        section = self.factory.config.model_copy(update={"cache_dir": self.folder / cache})
        factory = SFTDataFactory(self.factory.trainer, section)
        factory.encoded = lambda: self._slowly(steps, seconds)  # type: ignore[method-assign]
        factory.prepare()
        write(self.folder / f"{cache}.steps", str(steps.done))

    def _slowly(self, steps: _Steps, seconds: float) -> Iterator[Sample]:
        for sample in self.samples:
            steps.next()
            time.sleep(seconds)
            yield sample


class _Steps:
    """Counts operations; kills this process at one of them, unless that is 0."""

    def __init__(self, last: int, folder: Path) -> None:
        self.last = last
        self.folder = folder
        self.done = 0

    def next(self) -> None:
        self.done += 1
        if self.done == self.last:
            os.kill(os.getpid(), signal.SIGKILL)

    def of_files(self, event: str, arguments: tuple[object, ...]) -> None:
        if event in _OPERATIONS and str(arguments[0]).startswith(str(self.folder)):
            self.next()


_OPERATIONS = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "shutil.rmtree"}


def _ended(child: int) -> int:
    """Wait for a process; return its exit code, or the signal that ended it with a minus."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.parametrize("points", [20, pytest.param(1000, marks=pytest.mark.full)])
def test_a_kill_at_any_point(points: int, trainer: HandTrainer, tmp_path: Path) -> None:
    """What a killed build leaves is never used: the next one has the bytes of a clean one."""
    build = _Build(trainer, tmp_path)
    assert _ended(build.in_child("cache")) == 0
    clean = _entries(tmp_path / "cache")
    number = int((tmp_path / "cache.steps").read_text())
    assert number > 50
    for step in sorted({1 + index * (number - 1) // (points - 1) for index in range(points)}):
        assert _ended(build.in_child(f"cache-{step}", step=step)) == -signal.SIGKILL
        assert _ended(build.in_child(f"cache-{step}")) == 0
        assert _entries(tmp_path / f"cache-{step}") == clean


@pytest.mark.parametrize("is_locking", [True, False])
def test_several_builders_at_once(
    is_locking: bool,  # noqa: FBT001 - a row of the table
    trainer: HandTrainer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Builders at once leave the bytes of one, also where nothing locks: then the first stays."""
    build = _Build(trainer, tmp_path)
    assert _ended(build.in_child("cache")) == 0
    if not is_locking:
        monkeypatch.setattr(DataCache, "_alone", lambda *_: nullcontext())
        monkeypatch.setattr("arctic_training.data.store.cache._is_abandoned", lambda _: False)
    children = [build.in_child("cache-of-all", seconds=0.01) for _ in range(3)]
    assert [_ended(child) for child in children] == [0, 0, 0]
    assert _entries(tmp_path / "cache-of-all") == _entries(tmp_path / "cache")


class _Killing(Recorder):
    """Kills a process when something is told."""

    def __init__(self, child: int) -> None:
        super().__init__()
        self.child = child

    def note(self, text: str) -> None:
        """Take down a line, and kill."""
        super().note(text)
        os.kill(self.child, signal.SIGKILL)


def test_who_waits_takes_over(trainer: HandTrainer, tmp_path: Path) -> None:
    """One that waits for a builder says so; when that is killed, it prepares the data itself."""
    build = _Build(trainer, tmp_path)
    child = build.in_child("cache", seconds=100.0)
    while not [*tmp_path.glob("cache/tokens/*.incomplete")]:
        assert os.waitpid(child, os.WNOHANG) == (0, 0)
        time.sleep(0.01)
    trainer.progress = killing = _Killing(child)
    build.factory.prepare()
    assert _ended(child) == -signal.SIGKILL
    assert killing.notes == ["waiting for another process that prepares the same data"]
    assert {path.suffix for path in tmp_path.glob("cache/*/*")} == {"", ".lock"}


def test_what_other_machines_left(tmp_path: Path) -> None:
    """What another machine works on is left alone; an hour after its last write it is given up."""
    cache = DataCache(root=tmp_path, note=lambda _: None)
    live, old = (tmp_path / "kind" / f"key.elsewhere.{number}.incomplete" for number in (1, 2))
    for folder in (live, old):
        write(folder / "tokens", "some")
    for path in (old, old / "tokens"):
        os.utime(path, (time.time() - 4000,) * 2)
    made = cache.folder("kind", "key", lambda folder: (folder / "a").touch())
    assert sorted(path.name for path in made.iterdir()) == ["a", "checkpoint.json"]
    assert (live.exists(), old.exists()) == (True, False)
    with pytest.raises(NotCachedError):
        DataCache(root=tmp_path, note=print, is_complete=True).folder("kind", "no", os.mkdir)


def test_what_another_machine_finishes_meanwhile_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that goes while it is looked at is done; a machine of a longer name is another."""
    monkeypatch.setattr("platform.node", lambda: "node")
    live = tmp_path / "kind" / "key.node.cluster.7.incomplete"
    write(live / "tokens", "some")
    look = Path.iterdir

    def vanish(folder: Path) -> Iterator[Path]:
        found = list(look(folder))
        if folder == live:
            live.rename(tmp_path / "kind" / "other")
        return iter(found)

    monkeypatch.setattr(Path, "iterdir", vanish)
    cache = DataCache(root=tmp_path, note=lambda _: None)
    made = cache.folder("kind", "key", lambda folder: (folder / "a").touch())
    assert (made / "a").exists()
    assert (tmp_path / "kind" / "other" / "tokens").exists()


def test_what_is_not_taken_is_reported(trainer: HandTrainer, tmp_path: Path) -> None:
    """The report says of which source how much is taken, from the cache and for other rows too."""
    sources = [
        jsonl(tmp_path / name, ragged(number)) | {"weight": weight}
        for name, number, weight in (("a.jsonl", 60, 3), ("b.jsonl", 30, 1), ("c.jsonl", 40, 1))
    ]
    sources[2]["sample_ratio"] = 0.75
    trainer.progress = recorder = Recorder()
    for length in (256, 256, 200):
        data = {"sources": sources, "cache_dir": str(tmp_path / "cache"), "max_length": length}
        trainer.config = hand_config(data=data, train_iters=1)
        factory = SFTDataFactory(trainer, trainer.config.data)
        factory.rows(factory.prepare())
    reports = [path.read_text() for path in (tmp_path / "cache").glob("rows/*/report.txt")]
    assert len(reports) == 2
    for report in [*recorder.notes, *reports]:
        assert [line for line in report.splitlines() if line.endswith(" taken")] == [
            f"{tmp_path / 'b.jsonl'}: 20 of 30 samples taken",
            f"{tmp_path / 'c.jsonl'}: 20 of 40 samples taken",
        ]
