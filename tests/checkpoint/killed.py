"""Kills runs, lets them go on, and compares them with a run that was not killed.

``python -m tests.checkpoint.killed FOLDER CASE...`` names each case that differs on stderr. A
case is ``stage-processes-step``. Each run is forked from this process, which imports everything
once and starts no thread.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from functools import partial
from hashlib import sha256
from pathlib import Path
from zlib import crc32

from arctic_training.core.loss_output import LossOutput
from arctic_training.core.reports import MEASURED
from arctic_training.data.batches import SFTBatch
from arctic_training.engines.deepspeed.process_group import leave_process_group
from arctic_training.fs import atomic_folder as folder_module
from tests.tiny import HandTrainer, Recorder, hand_config, jsonl, ragged

STEPS = 10

# Under Python 3.14 the lock of a progress bar has a name; Python warns where a killed run left it.
os.environ["PYTHONWARNINGS"] = "ignore:resource_tracker:UserWarning"


class _Killed(HandTrainer, abstract=True):
    """Is killed after a step: before it is saved if the step is even, or else while it is.

    Before a save the last of the processes dies, within one the first, which completes it.
    """

    kill_at = 0

    def loss(self, batch: SFTBatch) -> LossOutput:
        """Return the loss, and log which tokens it has seen."""
        seen = crc32(batch["input_ids"].numpy().tobytes(), self.state.global_step)
        self.log("batch", float(seen))
        return super().loss(batch)

    def checkpoint(self) -> None:
        """Save, or die."""
        if self.state.global_step == self.kill_at:
            if self.kill_at % 2 == 0 and self.world.rank == self.world.size - 1:
                _die()
            folder_module._mark = _die
        super().checkpoint()


def _die(folder: Path | None = None) -> None:  # noqa: ARG001 - stands in for ``_mark``
    os.kill(os.getpid(), signal.SIGKILL)


def _train(folder: Path, stage: int, kill_at: int) -> None:
    saving = {"output_dir": str(folder / "saved"), "auto_resume": True, "save_every_n_steps": 1}
    saving |= {"enabled": not folder.name.startswith("whole"), "keep_last": 2}
    config = hand_config(
        data={"sources": jsonl(folder / f"said-{os.environ['RANK']}.jsonl", ragged(13))},
        train_iters=STEPS,
        checkpoint=saving,
        noise=True,
        deepspeed={"zero_optimization": {"stage": stage}},
        optimizer={"type": "sgd", "learning_rate": 0.1},
        train_log_metrics_path=str(folder / "metrics.jsonl"),
    )
    trainer = _Killed(config)
    trainer.progress = Recorder()
    trainer.kill_at = kill_at
    trainer.train()
    weights = trainer.engine.full_state_dict()
    if weights:
        digest = sha256(b"".join(value.numpy().tobytes() for value in weights.values()))
        (folder / "weights").write_text(digest.hexdigest())
    leave_process_group()


def _run(folder: Path, stage: int, processes: int, kill_at: int = 0) -> set[int]:
    """Train in processes of their own; return their exit codes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    os.environ |= {"WORLD_SIZE": str(processes)}
    begin = partial(_train, folder, stage, kill_at)
    children = [_fork(rank, begin) for rank in range(processes)]
    return {os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in reversed(children)}


def _fork(rank: int, begin: partial[None]) -> int:
    child = os.fork()
    if child == 0:
        os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank)}
        code = 1
        try:
            begin()
            code = 0
        except RuntimeError as error:
            code = 75 if "gloo" in str(error) else 1
        finally:
            os._exit(code)
    return child


def _result(folder: Path) -> tuple[list[dict[str, float]], str]:
    """Return what was logged, but for times, and what the weights are."""
    lines = map(json.loads, (folder / "metrics.jsonl").read_text().splitlines())
    logged = [{name: line[name] for name in line.keys() - MEASURED} for line in lines]
    return logged, (folder / "weights").read_text()


def main(folder: Path, cases: list[str]) -> None:
    """Run all cases."""
    for case in cases:
        stage, processes, step = map(int, case.split("-"))
        whole, parts = folder / f"whole-{stage}-{processes}", folder / case
        if not whole.exists():
            whole.mkdir()
            assert _run(whole, stage, processes) == {0}
        parts.mkdir()
        died = _run(parts, stage, processes, step)
        resumed = _run(parts, stage, processes)
        if -signal.SIGKILL not in died or resumed != {0} or _result(parts) != _result(whole):
            print(case, died, resumed, file=sys.stderr)  # noqa: T201 - the result


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
