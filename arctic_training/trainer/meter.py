"""What a step takes: time, memory, and how much of the device's peak it comes to."""

from __future__ import annotations

import resource
import sys
import time
from dataclasses import dataclass
from typing import Final, Self

import torch
import transformers
from torch import nn
from torch.nn import Parameter

from arctic_training.core.mesh import BATCH_AXES, Mesh
from arctic_training.core.reports import Measures
from arctic_training.core.totals import Totals

__all__ = ["Meter", "ModelFlops", "device_name", "num_weights", "peak_flops"]

_PEAKS: Final = {
    "B200": 2250e12,
    "H200": 989e12,
    "H100 PCIe": 756e12,
    "H100": 989e12,
    "A100": 312e12,
    "L40S": 362e12,
    "A10G": 125e12,
    "A10": 125e12,
    "L4": 121e12,
    "MI300X": 1307e12,
}
"""Dense 16-bit operations in a second, of the makers' data sheets; the first that fits counts."""

_GIB: Final = 2**30


@dataclass(frozen=True, slots=True)
class ModelFlops:
    """Floating-point operations of training a decoder.

    Of a token, forward 2N for N weights, backward 2N for what is below and 2 for each weight that
    is trained: 6N in all; and 12 L H Q T for attention over T tokens in L layers of H heads of
    size Q (Chowdhery et al., 2022, PaLM, appendix B). What is computed again is not counted, nor
    is a table of embeddings that is only looked up.
    """

    per_token: float
    per_pair: float
    """Of each pair of tokens in a document: 12 L H Q."""

    @classmethod
    def of(cls, model: nn.Module) -> Self | None:
        """Return those of a model, or None if it does not say what its layers are."""
        config = getattr(model, "config", None)
        layers = getattr(config, "num_hidden_layers", None)
        heads = getattr(config, "num_attention_heads", None)
        width = getattr(config, "hidden_size", None)
        if not (layers and heads and width):
            return None
        size = getattr(config, "head_dim", None) or width // heads
        multiplied = list(model.parameters())
        weights = sum(map(num_weights, multiplied)) - _looked_up(model)
        trained = sum(num_weights(each) for each in multiplied if each.requires_grad)
        return cls(4.0 * weights + 2.0 * min(trained, weights), 12.0 * layers * heads * size)

    def of_step(self, totals: Totals) -> float:
        """Return the operations of a step."""
        return self.per_token * totals.tokens + self.per_pair * totals.squared_lengths


class Meter:
    """Measures each step from the end of the one before."""

    def __init__(self, model: nn.Module, device: torch.device, mesh: Mesh) -> None:
        self._flops = ModelFlops.of(model)
        is_half = next(model.parameters()).dtype.itemsize == torch.half.itemsize
        self._peak = peak_flops(device_name(device)) if is_half else None
        self._num_devices = mesh.size(*BATCH_AXES)
        self.restart()

    def restart(self) -> None:
        """Let the next step begin now."""
        self._began = time.perf_counter()

    def measure(self, totals: Totals) -> Measures:
        """Return what the step took that ends now, and begin the next."""
        before = self._began
        self.restart()
        seconds = self._began - before
        if self._flops is None:
            return Measures(seconds, _memory())
        rate = self._flops.of_step(totals) / seconds / self._num_devices
        return Measures(seconds, _memory(), rate / 1e12, rate / self._peak if self._peak else None)


def peak_flops(device: str) -> float | None:
    """Return the peak of a device, by its name, in dense 16-bit operations in a second."""
    return next((peak for name, peak in _PEAKS.items() if name in device), None)


def device_name(device: torch.device) -> str:
    """Return the name of a GPU, or the type of any other device."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def _memory() -> float:
    """Return the peak of memory so far: of the accelerator, or of the process where none is."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / _GIB
    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts in bytes, Linux in KiB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / _GIB


def num_weights(parameter: Parameter) -> int:
    """Return the number of elements of a parameter, of all shards where ZeRO partitions it."""
    size: int = getattr(parameter, "ds_numel", parameter.numel())
    return size


def _looked_up(model: nn.Module) -> int:
    """Return the size of the embeddings that are not also the last layer."""
    if not isinstance(model, transformers.PreTrainedModel):
        return 0
    table = getattr(model.get_input_embeddings(), "weight", None)
    last = getattr(model.get_output_embeddings(), "weight", None)
    return num_weights(table) if isinstance(table, Parameter) and table is not last else 0
