"""Summary of a run before it trains: model, devices, batch, steps and evaluation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sized
from typing import Final, Protocol

import torch
from torch import nn

from arctic_training.config.preference import PreferenceDataConfig, UnpairedDataConfig
from arctic_training.config.trainer import TrainerConfig
from arctic_training.core.mesh import Mesh
from arctic_training.core.state import Schedule
from arctic_training.diagnostics.plurals import counted
from arctic_training.trainer.meter import device_name, num_weights

__all__ = ["summary_lines"]

_DTYPES: Final = {"float32": "fp32", "bfloat16": "bf16", "float16": "fp16"}
"""The names that recipes use."""


class _Run(Protocol):
    """The parts of a trainer that its summary needs."""

    mesh: Mesh
    model: nn.Module
    schedule: Schedule

    @property
    def config(self) -> TrainerConfig: ...
    @property
    def device(self) -> torch.device: ...
    @property
    def eval_dataloaders(self) -> Mapping[str, Sized]: ...


def summary_lines(run: _Run) -> Iterator[str]:
    """Iterate over the lines of the summary, one a subject."""
    yield f"model: {_parameters(run.model)}"
    yield f"devices: {_devices(run)}"
    yield f"batch: {_batch(run.config, run.mesh)}"
    yield f"steps: {_steps(run.schedule)}"
    if run.eval_dataloaders:
        sets = ", ".join(
            f"`{name}` ({counted(len(loader), 'batch')})"
            for name, loader in run.eval_dataloaders.items()
        )
        yield f"evaluation: every {counted(run.config.eval_interval, 'step')} on {sets}"


def _parameters(model: nn.Module) -> str:
    sizes = [(num_weights(each), each.requires_grad) for each in model.parameters()]
    total = sum(size for size, _ in sizes)
    trainable = sum(size for size, requires_grad in sizes if requires_grad)
    dtypes = dict.fromkeys(str(each.dtype).removeprefix("torch.") for each in model.parameters())
    names = " and ".join(_DTYPES.get(name, name) for name in dtypes)
    share = "all" if trainable == total else f"{trainable:,} ({trainable / total:.2%})"
    return f"{counted(total, 'parameter')}, {share} trainable, {names}"


def _devices(run: _Run) -> str:
    stage = run.config.deepspeed.zero_optimization.stage
    sharded = f", ZeRO stage {stage}" if stage else ""
    return f"{run.mesh.num_processes} x {device_name(run.device)}{sharded}"


def _batch(config: TrainerConfig, mesh: Mesh) -> str:
    factors = (config.micro_batch_size, config.gradient_accumulation_steps, mesh.size("data"))
    micro, accumulation, processes = factors
    is_paired = isinstance(config.data, PreferenceDataConfig)
    is_paired &= not isinstance(config.data, UnpairedDataConfig)
    samples = micro * accumulation * processes
    rows = f"{counted(samples, 'pair')} of rows" if is_paired else counted(samples, "row")
    if config.data.max_length:
        tokens = samples * config.data.max_length * (2 if is_paired else 1)
        rows += f", up to {counted(tokens, 'token')}"
    product = " x ".join(f"{factor:,}" for factor in factors)
    return f"{product} (micro-batch x accumulation x processes) = {rows}"


def _steps(schedule: Schedule) -> str:
    steps, per_epoch = schedule.training_horizon, schedule.steps_per_epoch
    if steps != schedule.epochs * per_epoch:
        return f"{steps:,}"
    return f"{steps:,} ({counted(schedule.epochs, 'epoch')} of {counted(per_epoch, 'step')})"
