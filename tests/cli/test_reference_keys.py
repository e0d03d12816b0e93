"""Keys of recipes written for ArcticTraining or DeepSpeed: taken, or refused with the reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from arctic_training.core.mesh import Mesh
from arctic_training.engines.deepspeed.derived_config import deepspeed_config
from tests.support import RECIPE, arctic_train, write
from tests.tiny import sft_config


@pytest.mark.parametrize(
    ("override", "reason"),
    [
        ("deepspeed.train_batch_size=8", "it follows from `micro_batch_size`"),
        ("deepspeed.train_micro_batch_size_per_gpu=8", "set `micro_batch_size`"),
        ("deepspeed.gradient_accumulation_steps=8", "at the top of the recipe"),
        ("deepspeed.amp={enabled: true}", "set `dtype` of `model`"),
        ("deepspeed.optimizer={type: Adam}", "the section `optimizer`"),
        (
            "deepspeed.zero_optimization.offload_optimizer={device: cpu, nvme_path: /d}",
            "offloading to NVMe is not supported",
        ),
        (
            "deepspeed.zero_optimization.cpu_offload=true",
            "write `offload_optimizer: {device: cpu}`",
        ),
        ("deepspeed.torch_autocast={enabled: true, dtype: bfloat16}", "set `dtype: bf16`"),
        ("deepspeed.bf16={bf16_master_weights_and_grads: true}", "its own weights and states in"),
        ("deepspeed.bf16={bf16_optimizer_states: true}", "its own weights and states in fp32"),
        ("deepspeed.bfloat16={check_grad_overflow: true}", "gradients that are not finite"),
        ("deepspeed.elasticity={enabled: true}", "`torchrun --nnodes MIN:MAX`"),
        ("deepspeed.flops_profiler={enabled: true}", "use `--python-profile`, `mem_profiler`"),
        ("deepspeed.tensor_parallel={autotp_size: 2}", "the runtime shards data and"),
        ("model.peft_config={peft_type: prompt-tuning}", "breaks packing and the length of rows"),
        ("model.peft_config={peft_type: AdaLora}", "changes its ranks between steps"),
        ("model.peft_config={peft_type: XLORA}", "it combines adapters"),
        ("model.peft_config={peft_type: Vera}", "its layers share weights"),
        (
            "model={name_or_path: a, peft_config: {peft_type: LORA, use_dora: true}}",
            "does not load the lengths with the adapter",
        ),
        ("model.peft_config={peft_type: OFT}", "use LORA, IA3, LOHA or LOKR"),
        ("optimizer={type: AdamW}", "write `type: fused_adam`, which is AdamW"),
        ("scheduler={type: cosine}", "write `name: cosine`"),
        ("optimizer={type: cpu_adam_moe}", "leave out `_moe`"),
        ("data.sources={type: ProjectGutenbergSFT, name_or_path: a}", "takes its column `text`"),
        ("scheduler.learning_rate=1e-5", "set `learning_rate` of the optimizer"),
        ("sequence_parallel_size=2", "sequence parallelism is not supported yet"),
        ("expert_parallel_size=2", "expert parallelism is not supported yet"),
        ("tiled_mlp_compute=true", "tiled feed-forward layers are not supported yet"),
        ("arctic_moe=true", "expert parallelism is not supported yet"),
        ("skip_validation=true", "name the factory in the trainer's definition"),
        ("eval_log_iter_interval=2", "raise `eval_interval`"),
        ("code=train.py", "define the trainer (`arctic-gen init NAME"),
        ("model.save_name=mine", "it has no effect"),
        ("loss_log_interval=10", "use `train_log_iter_interval`"),
        ("local_rank=0", "the launcher sets it"),
        (
            "tokenizer={type: huggingface, tokenize_kwargs: {}}",
            "texts are tokenised without options",
        ),
        ("data.sources={name_or_path: a, kwargs: {}}", "save the set with `save_to_disk`"),
        ("data.sources={name_or_path: a, split_mapping: {}}", "the set's own name of the split"),
        ("data.sources={name_or_path: a, process: false}", "every sample is tokenised here"),
        ("enable_routing_replay=true", "expert parallelism is not supported yet"),
        ("deepspeed.sequence_parallel_size=2", "sequence parallelism is not supported yet"),
        ("data.use_data_cache=false", "prepared data is always cached"),
        ("data.filter_samples=false", "set `over_length` for samples"),
        ("data.drop_last=true", "rows are packed best-fit"),
        ("data.fuse_positions_prob=0.1", "the samples of a row never attend to each other"),
    ],
)
def test_what_is_refused_says_why(tmp_path: Path, override: str, reason: str) -> None:
    """A key that has another place here, or is not built, is one error with what to do."""
    write(tmp_path / "r.yaml", RECIPE)
    result = arctic_train("--dry-run", "r.yaml", override, folder=tmp_path)
    assert (result.code, result.err) == (1, "")
    assert result.out.count("error[") == 1
    codes = ("not-supported", "unknown-factory", "unknown-adapter")
    assert any(f"error[{code}]" in result.out for code in codes)
    assert reason in result.out


def test_lr_is_a_former_name_of_learning_rate(tmp_path: Path) -> None:
    """A recipe of ArcticTraining's with `lr` is taken, with one warning at its place."""
    write(tmp_path / "r.yaml", RECIPE + "optimizer:\n  lr: 1e-5\n")
    result = arctic_train("--dry-run", "r.yaml", folder=tmp_path)
    assert result.code == 0
    message = "warning[deprecated-key]: `lr` is called `learning_rate` now\n"
    assert result.out.startswith(f"r.yaml:24:3: {message}")
    assert result.out.count("r.yaml:") == 1


@pytest.mark.parametrize(
    "override",
    [
        "sequence_parallel_size=1",
        "expert_parallel_size=1",
        "arctic_moe=false",
        "tiled_mlp_compute=false",
        "activation_checkpoint_cpu_offload=true",
        "skip_validation=false",
        "eval_log_iter_interval=1",
        "min_iterations=1.25K",
        "loss_log_interval=1",
        "data.sources={name_or_path: a, process: true}",
        "scheduler={type: wsd, name: wsd, num_warmup_steps: 1, num_decay_steps: 1}",
        "train_log_iter_interval=0",
        "enable_arctic_moe_custom_optimization=false",
        "model.dtype=torch.float32",
        "model.dtype=half",
        "data.num_proc=16",
        "data.cache_fs_type=shared",
        "data.use_data_cache=true",
        "data.filter_samples=true",
        "data.always_max_length=false",
        "data.fuse_positions_prob=0.0",
        "data.sources=[python_docs, 'name/set:train[:10%]']",
        "logger={level: INFO, output_dir: /dev/null, print_output_ranks: '*'}",
        "deepspeed.seq_parallel_communication_data_type=bf16",
        "deepspeed.torch_autocast={enabled: false, dtype: bfloat16}",
        "model.peft_config={peft_type: LORA, use_dora: false, use_rslora: true}",
        "model.peft_config={peft_type: LoHa, r: 4, target_modules: [q_proj, v_proj]}",
        "model.peft_config={peft_type: IA3}",
        "wandb={enable: false, project: null, mode: null}",
    ],
)
def test_what_asks_for_nothing_more_is_taken(tmp_path: Path, override: str) -> None:
    """A key that says what is so in any case is no error."""
    write(tmp_path / "r.yaml", RECIPE)
    assert arctic_train("--dry-run", "r.yaml", override, folder=tmp_path).code == 0


@pytest.mark.parametrize(("value", "is_told"), [("1", True), ("True", True), ("0", False)])
def test_a_launcher_that_there_is_not_is_reported(
    value: str,
    is_told: bool,  # noqa: FBT001 - a row of the table
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """ArcticTraining's `USE_RAY` is one warning of the process that the user started."""
    monkeypatch.delenv("RANK", raising=False)
    monkeypatch.setenv("USE_RAY", value)
    write(tmp_path / "r.yaml", RECIPE)
    result = arctic_train("--dry-run", "r.yaml", folder=tmp_path)
    assert result.code == 0
    assert result.err.startswith("warning: USE_RAY has no effect:") is is_told
    monkeypatch.setenv("RANK", "0")
    assert arctic_train("--dry-run", "r.yaml", folder=tmp_path).err == ""


def test_deepspeed_gets_what_is_set_and_no_more() -> None:
    """Sizes of ZeRO's buffers reach DeepSpeed; what a recipe leaves out stays DeepSpeed's own.

    But for a bucket that would be larger than all gradients together.
    """
    zero = {"stage": 3, "stage3_prefetch_bucket_size": "1k", "contiguous_gradients": False}
    config = sft_config(deepspeed={"zero_optimization": zero}, gradient_accumulation_steps=3)
    derived = deepspeed_config(config, Mesh(0, 4), trained_size=77)
    said = zero | {"stage3_prefetch_bucket_size": 1000}
    assert derived["zero_optimization"] == said | {"reduce_bucket_size": 77}
    assert derived["train_batch_size"] == 2 * 3 * 4
    assert derived["gradient_clipping"] == 1.0
