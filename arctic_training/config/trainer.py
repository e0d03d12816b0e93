"""The recipe: what every trainer's has."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field, JsonValue

from arctic_training.config.base import Config, Human, PathInRecipe
from arctic_training.config.checkpoint import CheckpointConfig
from arctic_training.config.data import DataConfig
from arctic_training.config.deepspeed import DeepSpeedConfig
from arctic_training.config.logger import LoggerConfig
from arctic_training.config.markers import Only
from arctic_training.config.model import ModelConfig
from arctic_training.config.optimizer import OptimizerConfig
from arctic_training.config.scheduler import SchedulerConfig
from arctic_training.config.tokenizer import TokenizerConfig
from arctic_training.config.tracker import MLflowConfig, WandBConfig
from arctic_training.diagnostics.advice import because

__all__ = ["METRICS", "TrainerConfig"]


_CHECKED: Final = "name the factory in the trainer's definition"
_EACH_SHOWN: Final = because("every evaluation is shown and logged", "raise `eval_interval`")
_IN_REPORT: Final = because("each report has the loss", "use `train_log_iter_interval`")
_NO_EXPERTS: Final = because("expert parallelism is not supported yet")
_NO_SEQUENCES: Final = because("sequence parallelism is not supported yet")
_NO_TILES: Final = because("tiled feed-forward layers are not supported yet")
_LAUNCHED: Final = because("the launcher sets it", "run `arctic-train --num-processes N`")
_NO_QUANTA: Final = because(
    "quantised weights are not supported", "set `peft_config` of `model`: an adapter saves memory"
)
_PLANNED: Final = {
    "code": (
        because(
            "a recipe runs no code",
            "define the trainer (`arctic-gen init NAME --from sft`, then `arctic-gen new-trainer`) "
            "and name it under `type`",
        )
    ),
    "global_rank": _LAUNCHED,
    "ignore_label_index": because("the label of tokens without loss is always -100", "remove it"),
    "load_in_4bit": _NO_QUANTA,
    "load_in_8bit": _NO_QUANTA,
    "local_rank": _LAUNCHED,
    "reference_model_deepspeed": because("the reference model is replicated on every process"),
    "world_size": _LAUNCHED,
}
"""Keys of recipes written for other tools, and what to do instead."""

METRICS: Final = "train_log_metrics_path"
"""Key of the file of metrics."""


def _without_default(schema: dict[str, JsonValue]) -> None:
    """Take the default out of a schema: other values of the recipe decide it."""
    del schema["default"]


class TrainerConfig(Config, frozen=True):
    """A recipe. Each trainer narrows the sections to the factories that it accepts."""

    model_config = ConfigDict(json_schema_extra={"x-planned": dict(_PLANNED)})

    model: ModelConfig
    """The model."""

    tokenizer: TokenizerConfig
    """The tokenizer."""

    data: DataConfig
    """The training data."""

    optimizer: OptimizerConfig
    """The optimizer."""

    scheduler: SchedulerConfig
    """The learning-rate schedule."""

    checkpoint: tuple[CheckpointConfig, ...]
    """What is saved, where and when."""

    overwrite_output_dir: bool = False
    """Delete an earlier run's checkpoints in each `output_dir`, and its metrics, and start over;
    otherwise, a run that does not resume is refused there.
    """

    deepspeed: DeepSpeedConfig = DeepSpeedConfig()
    """Settings of the engine."""

    epochs: Annotated[int, Field(ge=0), Human()] = 1
    """Passes over the training data."""

    train_iters: Annotated[int, Field(ge=0), Human()] = 0
    """Number of optimizer steps, whatever `epochs` says; 0 leaves it to `epochs`."""

    min_iterations: Annotated[int, Field(ge=0), Human()] = 0
    """Optimizer steps at least: where `epochs` makes fewer, more passes are made."""

    micro_batch_size: Annotated[int, Field(ge=1), Human()] = 1
    """Samples in one forward pass of one process."""

    gradient_accumulation_steps: Annotated[int, Field(ge=1), Human()] = 1
    """Micro-batches of one process in one optimizer step."""

    seed: Annotated[int, Field(ge=0), Human()] = 42
    """Seed of all random numbers but the order of the data."""

    exit_iteration_this_run: Annotated[int, Field(ge=0), Human()] = 0
    """Stop after this number of optimizer steps of this run, resumed or not; 0 does not."""

    torch_compile: bool = False
    """Compile the model with `torch.compile`: slower to begin, and faster on accelerators."""

    overfit_first_batch: bool = False
    """Train on the first micro-batch of the first epoch again and again: the loss must fall."""

    deterministic: bool = False
    """Compute only with operations whose bits are the same each time; slower on accelerators."""

    mem_profiler: Literal["step", "e2e"] | None = None
    """Record the accelerator's memory in training (`step`), or from the building of the model on
    (`e2e`); null does not."""

    mem_profiler_dir: PathInRecipe | None = None
    """Folder of what `mem_profiler` records, a file of each process for PyTorch's viewer."""

    mem_profiler_max_entries: Annotated[int, Field(ge=1), Human()] = 100_000
    """Newest allocations that are kept."""

    eval_interval: Annotated[int, Field(ge=0), Human()] = 0
    """Evaluate after each N-th optimizer step, on `eval_sources` of `data` or on what
    `train_eval_split` keeps from training; 0 where there is neither."""

    exit_iteration: Annotated[int, Field(ge=0), Human()] = 0
    """Stop after this optimizer step, without changing the schedule; 0 does not."""

    kill_switch_path: PathInRecipe | None = None
    """File that ends the run after the current step when it appears; null looks for none."""

    logger: LoggerConfig = LoggerConfig()
    """The log."""

    train_log_iter_interval: Annotated[int, Field(ge=0), Human()] = 1
    """Show every N-th optimizer step, and the last; 0 shows none."""

    train_log_metrics_path: Annotated[
        PathInRecipe | None,
        Field(json_schema_extra=_without_default, examples=["./runs/first/metrics.jsonl"]),
    ] = None
    """File that gets one line of JSON for each optimizer step; null writes none. Left out, it is
    `metrics.jsonl` in the first `output_dir` of `checkpoint`."""

    train_log_tensorboard_dir: PathInRecipe | None = None
    """Folder that TensorBoard reads; null writes none."""

    wandb: WandBConfig = WandBConfig()
    """Weights & Biases."""

    mlflow: MLflowConfig = MLflowConfig()
    """MLflow."""

    sequence_parallel_size: Annotated[Literal[1], Only(_NO_SEQUENCES)] = 1
    """Processes that share a sequence."""

    expert_parallel_size: Annotated[Literal[1], Only(_NO_EXPERTS)] = 1
    """Processes that share the experts of a layer."""

    arctic_moe: Annotated[Literal[False], Only(_NO_EXPERTS)] = False
    """Whether layers of experts are replaced by others; as they are, they train like any layer."""

    tiled_mlp_compute: Annotated[Literal[False], Only(_NO_TILES)] = False
    """Whether feed-forward layers take a sequence in parts."""

    activation_checkpoint_cpu_offload: bool = False
    """Keep what activations are computed again from in the memory of the CPU: slower, smaller."""

    skip_validation: Annotated[Literal[False], Only(_CHECKED)] = False
    """Whether factories are accepted that the trainer does not name."""

    enable_arctic_moe_custom_optimization: Annotated[Literal[False], Only(_NO_EXPERTS)] = False
    """Whether those others have kernels of their own."""

    enable_routing_replay: Annotated[Literal[False], Only(_NO_EXPERTS)] = False
    """Whether tokens go again to the experts that they went to before."""

    loss_log_interval: Annotated[Literal[1], Only(_IN_REPORT)] = 1
    """Of how many steps one has its loss logged."""

    eval_log_iter_interval: Annotated[Literal[1], Only(_EACH_SHOWN)] = 1
    """Of how many evaluations one is shown and logged."""

    @property
    def names_metrics(self) -> bool:
        """Whether the recipe itself says where the metrics are, or that there are none."""
        return METRICS in self.model_fields_set

    @property
    def metrics_path(self) -> Path | None:
        """File of the metrics; None if nothing of the run has a place."""
        if self.names_metrics:
            return self.train_log_metrics_path
        folders = (section.output_dir for section in self.checkpoint if section.enabled)
        return next((folder / "metrics.jsonl" for folder in folders), None)
