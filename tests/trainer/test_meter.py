"""What a step takes, and what it comes to."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.nn.utils import get_total_norm
from torch.utils.flop_counter import FlopCounterMode
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedModel

from arctic_training.config.adapter import LoRAConfig
from arctic_training.core.mesh import Mesh
from arctic_training.core.totals import Totals
from arctic_training.data.batches import squared_lengths
from arctic_training.model.adapter import add_adapter
from arctic_training.trainer.meter import Meter, ModelFlops, peak_flops
from tests.tiny import HandTrainer, Recorder, hand_config, jsonl, ragged


def _llama(*, tied: bool = True) -> LlamaForCausalLM:
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=96,
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            tie_word_embeddings=tied,
        )
    )


def _counted(model: PreTrainedModel, rows: int, length: int) -> int:
    """Return the operations that PyTorch counts in a forward and backward pass."""
    model.set_attn_implementation("eager")
    with FlopCounterMode(display=False) as counter:
        ids = torch.ones(rows, length, dtype=torch.long)
        model(input_ids=ids, use_cache=False).logits.sum().backward()
    return int(counter.get_total_flops())


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("adapter", [True, False])
def test_operations_are_those_that_are_computed(
    tied: bool,  # noqa: FBT001 - a row of the table
    adapter: bool,  # noqa: FBT001
) -> None:
    """The formula is what PyTorch counts, but for norms, which are no products of matrices.

    An adapter spares the gradients of the weights that it leaves as they are, and of what stands
    before the first of them, which the formula has no part for.
    """
    model = _llama(tied=tied)
    if adapter:
        add_adapter(model, LoRAConfig(peft_type="LORA", r=2, target_modules="all-linear"))
    flops = ModelFlops.of(model)
    assert flops is not None
    rows, length = 3, 40
    totals = Totals(0.0, 1.0, rows * length, {}, rows * length**2)
    assert flops.of_step(totals) == pytest.approx(_counted(model, rows, length), rel=0.05)


def test_documents_of_a_row_are_counted_apart() -> None:
    """Padding counts nothing, and of a packed row each document counts for itself."""
    lengths = torch.tensor([5, 3])
    ids = torch.zeros(2, 6, dtype=torch.long)
    positions = torch.tensor([[0, 1, 0, 1, 2, 0], [0, 1, 2, 0, 0, 0]])
    batch = {"input_ids": ids, "lengths": lengths}
    assert squared_lengths(batch) == 25 + 9
    assert squared_lengths(batch | {"position_ids": positions}) == 4 + 9 + 9
    assert squared_lengths({"input_ids": ids}) == 0


def test_share_of_the_peak(monkeypatch: pytest.MonkeyPatch) -> None:
    """MFU is operations by time, devices and the peak of a device that is known, in 16 bits."""
    assert peak_flops("NVIDIA H100 80GB HBM3") == 989e12
    assert peak_flops("NVIDIA A100-SXM4-40GB") == 312e12
    assert peak_flops("NVIDIA L40S") == 362e12
    assert peak_flops("cpu") is None
    monkeypatch.setattr("arctic_training.trainer.meter.device_name", lambda _device: "NVIDIA L4")
    model: nn.Module = _llama().bfloat16()
    measures = Meter(model, torch.device("cpu"), Mesh(0, 2)).measure(
        Totals(0.0, 1.0, 100, {}, 10_000)
    )
    flops = ModelFlops.of(model)
    assert flops is not None
    assert measures.tflops is not None
    assert measures.mfu is not None
    expected = (flops.per_token * 100 + flops.per_pair * 10_000) / measures.seconds / 2
    assert measures.tflops == pytest.approx(expected / 1e12)
    assert measures.mfu == pytest.approx(expected / 121e12)
    assert measures.memory_gib > 0
    unknown = Meter(model.float(), torch.device("cpu"), Mesh()).measure(Totals(0.0, 1.0, 1, {}))
    assert unknown.mfu is None


def test_a_model_that_does_not_say_its_layers() -> None:
    """Of a model without layers and heads there is time and memory, and nothing made up."""
    measures = Meter(nn.Linear(2, 2), torch.device("cpu"), Mesh()).measure(Totals(0.0, 1.0, 1, {}))
    assert (measures.tflops, measures.mfu) == (None, None)


@pytest.mark.parametrize(("platform", "unit"), [("linux", 1024), ("darwin", 1)])
def test_the_peak_of_memory_is_in_gib(
    platform: str, unit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Linux counts the peak of a process in KiB, macOS in bytes: both are told in GiB."""
    usage = SimpleNamespace(ru_maxrss=3 * 2**30 // unit)
    monkeypatch.setattr("arctic_training.trainer.meter.resource.getrusage", lambda _who: usage)
    monkeypatch.setattr("sys.platform", platform)
    meter = Meter(nn.Linear(2, 2), torch.device("cpu"), Mesh())
    assert meter.measure(Totals(0.0, 1.0, 1, {})).memory_gib == 3


@pytest.mark.parametrize("clipping", [0.0, 0.01])
@pytest.mark.parametrize(
    ("stage", "dtype"), [(0, "fp32"), (1, "fp32"), (3, "fp32"), (0, "bf16"), (2, "bf16")]
)
def test_norm_of_the_gradient(stage: int, dtype: str, clipping: float, tmp_path: Path) -> None:
    """It is the norm of the mean gradient over all weights, before clipping, at every stage."""

    def trainer(stage: int, dtype: str, clipping: float) -> HandTrainer:
        made = HandTrainer(
            hand_config(
                model={"dtype": dtype},
                data={"sources": jsonl(tmp_path / "said.jsonl", ragged(12))},
                gradient_accumulation_steps=3,
                deepspeed={
                    "zero_optimization": {"stage": stage},
                    "gradient_clipping": clipping,
                },
            )
        )
        made.progress = Recorder()
        return made

    plain = trainer(0, "fp32", 0.0)
    model = plain.engine.unwrapped
    model.train()
    batches = [batch for batch, _ in zip(plain.train_dataloader.batches(0), range(3), strict=False)]
    outputs = [plain.loss(batch) for batch in batches]
    for output in outputs:
        plain.backward(output.sum)
    count = sum(float(each.count) for each in outputs)
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    expected = get_total_norm(gradients).item() / count
    assert expected > 0.01

    measured = trainer(stage, dtype, clipping)
    measured.train()
    assert isinstance(measured.progress, Recorder)
    first = measured.progress.reports[0].gradient_norm
    assert first == pytest.approx(expected, rel={"fp32": 1e-5, "bf16": 0.05}[dtype])
    assert all(math.isfinite(report.gradient_norm) for report in measured.progress.reports)
