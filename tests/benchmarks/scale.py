"""Memory and speed of preparing a file, 25 and 100 times as much, into the cache, with packing.

The file has 2,000 real conversations, of about 400,000 tokens. Each time it is a process of its
own; memory is what it holds beside the files that are mapped, at most, over what it held before.
``python -m tests.benchmarks.scale FOLDER TIMES`` prints a line.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from arctic_trainers.sft import SFTTrainer, SFTTrainerConfig
from arctic_training.trainer.data_stage import DataStage
from tests.benchmarks.measurement import Measurement
from tests.benchmarks.preparing import conversations

_TIMES = (1, 25, 100)
_ADDED = 400
"""MB that preparing adds, however large the file is."""


def measure() -> Iterator[Measurement]:
    """Measure each size, in a cache of its own, and then the largest one from the cache."""
    with tempfile.TemporaryDirectory() as folder:
        for times in _TIMES:
            yield from _alone(folder, times, f"{times} times")
        yield from _alone(folder, times, f"{times} times, from the cache")


def _alone(folder: str, times: int, title: str) -> Iterator[Measurement]:
    command = [sys.executable, "-m", "tests.benchmarks.scale", folder, str(times)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    tokens, seconds, more = map(float, done.stdout.splitlines()[-1].split())
    yield Measurement(name=f"{title}: tokens", value=tokens, unit="")
    yield Measurement(name=f"{title}: CPU time", value=seconds, unit="s")
    yield Measurement(name=f"{title}: memory added", value=more, unit="MB", budget=_ADDED)


def _prepared(folder: Path, times: int) -> str:
    cache = folder / f"cache-{times}"
    stage = DataStage(SFTTrainer, _config(_written(folder, times), cache))
    before = _megabytes()
    with _most_memory() as megabytes:
        began = time.process_time()
        stage.training_data()
        seconds = time.process_time() - began
    (tokens,) = (path.stat().st_size // 4 for path in cache.glob("tokens/*/*.int32"))
    more = megabytes[0] - before
    return f"{tokens} {seconds} {more}"


def _written(folder: Path, times: int) -> Path:
    path = folder / f"{times}.jsonl"
    if not path.exists():
        lines = [json.dumps({"messages": said}) + "\n" for said in conversations()]
        with path.open("w", encoding="utf-8") as file:
            for _ in range(times):
                file.writelines(lines)
    return path


@contextmanager
def _most_memory() -> Iterator[list[float]]:
    """Give the most megabytes that this process holds meanwhile."""
    most, ended = [_megabytes()], threading.Event()

    def watch() -> None:
        while not ended.wait(0.05):
            most[0] = max(most[0], _megabytes())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield most
    finally:
        ended.set()
        watcher.join()


def _megabytes() -> float:
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    found = re.search(r"RssAnon:\s+(\d+) kB", status)
    assert found
    return int(found[1]) / 1000


def _config(path: Path, cache: Path) -> SFTTrainerConfig:
    return SFTTrainerConfig.model_validate(
        {
            "model": {"type": "random_llama"},
            "tokenizer": {"type": "byte_level_bpe", "vocab_size": 4096},
            "data": {
                "sources": {"type": "huggingface_instruct", "name_or_path": str(path)},
                "cache_dir": str(cache),
                "max_length": 2048,
                "over_length": "split",
                "pack_samples": True,
            },
        }
    )


if __name__ == "__main__":
    print(_prepared(Path(sys.argv[1]), int(sys.argv[2])))
