"""Recipes as ArcticTraining's own examples write them: they load, or each reason has its line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from tests.support import arctic_train, write

_ULTRACHAT: Final = """\
data:
  sources:
    - type: huggingface_instruct
      name_or_path: HuggingFaceH4/ultrachat_200k
      split: train_sft
      role_mapping:
        user: messages.role.user
        assistant: messages.role.assistant
  cache_dir: cached
  dl_num_workers: 1
  max_length: 64_000
"""
_LOGGER: Final = """\
logger:
  level: WARNING
  output_dir: logs
  print_output_ranks: [0, 1]
"""
_OFFLOAD: Final = """\
deepspeed:
  zero_optimization:
    stage: 3
    offload_optimizer: {device: cpu}
    offload_param: {device: cpu}
  seq_parallel_communication_data_type: bf16
optimizer:
  type: cpu_adam
  learning_rate: 0.00001
"""
_NO_SEQUENCES: Final = "sequence parallelism is not supported yet"
_LIGER: Final = ("type: liger", "`liger` is read as `huggingface`")
_NOTED: Final = (
    _LIGER,
    ("- type: huggingface", "`huggingface` is read as `huggingface_preference`"),
)
"""Lines that are taken with a warning."""

_TILES: Final = ("tiled_mlp_compute: true", "tiled feed-forward layers are not supported yet")


class _Recipe(NamedTuple):
    """What an example asks for, and which of its lines are refused for what reason."""

    title: str
    text: str
    refused: list[tuple[str, str]]


def _long(title: str, *, head: str, model: str, refused: list[tuple[str, str]]) -> _Recipe:
    """Return an example of long sequences."""
    text = f"type: sft\nmicro_batch_size: 1\nexit_iteration: 10\nmin_iterations: 10\n{head}"
    text += _OFFLOAD + f"model:\n{model}  name_or_path: meta-llama/Llama-3.1-8B-Instruct\n"
    return _Recipe(title, text + _ULTRACHAT + _LOGGER, refused)


_FLASH: Final = "  attn_implementation: flash_attention_2\n"
_WITH_LIGER: Final = f"  type: liger\n{_FLASH}"
_EXTRAS: Final = "activation_checkpoint_cpu_offload: true\ntiled_mlp_compute: true\n"
_SHARED: Final = ("sequence_parallel_size: 8", _NO_SEQUENCES)
_RECIPES: Final = [
    _Recipe(
        "first steps",
        "type: sft\nmicro_batch_size: 2\nmodel:\n  name_or_path: meta-llama/Llama-3.1-8B-Instruct\n"
        "data:\n  sources:\n    - type: huggingface_instruct\n      name_or_path: a/b\n"
        "checkpoint:\n  - type: huggingface\n    save_end_of_training: true\n    output_dir: o\n",
        [],
    ),
    _Recipe(
        "first steps with a data set as a text",
        "type: sft\nmicro_batch_size: 2\nmodel: {name_or_path: meta-llama/Llama-3.1-8B-Instruct}\n"
        "data:\n  sources:\n    - HuggingFaceH4/ultrachat_200k\n",
        [],
    ),
    _Recipe(
        "reasoning over tables, first stage",
        "type: sft\nmicro_batch_size: 2\nepochs: 1\ngradient_accumulation_steps: 1\n"
        f"model:\n{_WITH_LIGER}  name_or_path: meta-llama/Llama-3.1-8B-Instruct\n"
        "deepspeed: {zero_optimization: {stage: 3}}\n"
        "wandb: {enable: true, project: excot, name: excot-sft}\n"
        "data:\n  sources:\n    - {type: huggingface_instruct, name_or_path: a/excot_sft}\n"
        "  use_data_cache: true\n  cache_processed_data: true\n  cache_dir: /data/cache\n"
        f"  num_proc: 16\n  max_length: 8192\n{_LOGGER}"
        "scheduler: {name: 'linear', warmup_ratio: 0.0}\n"
        "optimizer: {betas: [0.9, 0.999], weight_decay: 0.1, learning_rate: 1e-5}\n"
        "checkpoint:\n  - type: huggingface\n    save_every_n_steps: 10000\n"
        "    output_dir: /data/sft\n    save_end_of_training: true\n",
        [],
    ),
    _Recipe(
        "reasoning over tables, second stage",
        "type: dpo\nmicro_batch_size: 1\nbeta: 0.1\n"
        f"model:\n{_WITH_LIGER}  name_or_path: meta-llama/Llama-3.1-8B-Instruct\n"
        f"ref_model:\n{_WITH_LIGER}  name_or_path: meta-llama/Llama-3.1-8B-Instruct\n"
        "deepspeed: {zero_optimization: {stage: 3}}\n"
        "data:\n  sources:\n    - type: huggingface\n      name_or_path: a/excot_dpo\n"
        "  max_length: 8192\n"
        "optimizer: {weight_decay: 0.0, learning_rate: 5e-7}\n"
        "checkpoint:\n  - type: huggingface\n    output_dir: dpo\n    save_end_of_training: true\n",
        [],
    ),
    _Recipe(
        "experts",
        "type: sft\nmicro_batch_size: 1\nmin_iterations: 12\nexit_iteration_this_run: 6\n"
        "exit_iteration: 12\narctic_moe: true\nexpert_parallel_size: 8\n"
        "deepspeed: {zero_optimization: {stage: 2}}\n"
        "optimizer:\n  type: fused_adam_moe\n  learning_rate: 0.00001\n"
        f"model:\n{_WITH_LIGER}  name_or_path: Qwen/Qwen3-30B-A3B-Instruct-2507\n"
        f"{_ULTRACHAT}  pack_samples: true\n{_LOGGER}"
        "checkpoint:\n  - {type: deepspeed, output_dir: c, auto_resume: true}\n",
        [
            ("arctic_moe: true", "expert parallelism is not supported yet"),
            ("expert_parallel_size: 8", "expert parallelism is not supported yet"),
            ("type: fused_adam_moe", "experts are trained like other weights"),
        ],
    ),
    _Recipe(
        "experts made dense",
        "type: sft\nmicro_batch_size: 1\nmin_iterations: 12\nexit_iteration: 12\n"
        "arctic_moe: false\nexpert_parallel_size: 1\ndeepspeed: {zero_optimization: {stage: 2}}\n"
        "optimizer: {type: fused_adam, learning_rate: 0.00001}\n"
        f"model:\n{_FLASH}  name_or_path: Qwen/Qwen3-30B-A3B-Instruct-2507\n"
        "  hf_config_kwargs:\n    num_experts: 0\n"
        f"{_ULTRACHAT}  pack_samples: true\n",
        [],
    ),
    _Recipe(
        "every key of its data",
        "type: sft\nmicro_batch_size: 1\nmodel: {name_or_path: meta-llama/Llama-3.1-8B-Instruct}\n"
        f"{_ULTRACHAT}  pack_samples: true\n  mask_inputs: true\n  ignore_empty_think: true\n"
        "  div_length: 256\n  pad_to: max_length\n  filter_samples: true\n"
        "  always_max_length: true\n  drop_last: true\n  repeat_to_pack_max_length: true\n"
        "  fuse_positions_prob: 0.1\n",
        [
            ("always_max_length: true", "rows are packed best-fit"),
            ("drop_last: true", "rows are packed best-fit"),
            ("repeat_to_pack_max_length: true", "samples are repeated by `epochs`"),
            ("fuse_positions_prob: 0.1", "the samples of a row never attend to each other"),
        ],
    ),
    _long("one process", head="sequence_parallel_size: 1\n", model=_FLASH, refused=[]),
    _long(
        "one process with everything",
        head=f"{_EXTRAS}sequence_parallel_size: 1\n",
        model=_WITH_LIGER,
        refused=[_TILES],
    ),
    _long("eight", head="sequence_parallel_size: 8\n", model=_FLASH, refused=[_SHARED]),
    _long(
        "eight with everything",
        head=f"{_EXTRAS}sequence_parallel_size: 8\n",
        model=_WITH_LIGER,
        refused=[_TILES, _SHARED],
    ),
    _long(
        "eight with Liger",
        head="sequence_parallel_size: 8\n",
        model=_WITH_LIGER,
        refused=[_SHARED],
    ),
    _long(
        "one process and newer attention",
        head="sequence_parallel_size: 1\nactivation_checkpoint_cpu_offload: true\n",
        model=_FLASH.replace("_2", "_3"),
        refused=[],
    ),
]
"""One of each kind of example of `sft`, in words of our own: its keys, values of its shapes."""


def _found(text: str, folder: Path, severity: str) -> list[tuple[str, str]]:
    """Return the lines at which something is said of a recipe, with what that is."""
    write(folder / "r.yaml", text)
    result = arctic_train("--dry-run", "--format", "json", "r.yaml", folder=folder)
    assert result.code in (0, 1), result
    lines = text.splitlines()
    found = json.loads(result.out)["diagnostics"]
    return [
        (lines[each["line"] - 1].strip(), f"{each['message']}; {each['note']}; {each['help']}")
        for each in found
        if each["severity"] == severity
    ]


@pytest.mark.parametrize("recipe", _RECIPES, ids=lambda recipe: recipe.title)
def test_a_recipe_of_the_reference_loads_or_is_refused_for_a_reason(
    recipe: _Recipe, tmp_path: Path
) -> None:
    """Every line that is refused is known, with its reason; all other lines are taken."""
    refused = _found(recipe.text, tmp_path, "error")
    expected = [each for each in recipe.refused if each[0] in recipe.text]
    assert sorted(line for line, _ in refused) == sorted(line for line, _ in expected)
    reasons = dict(expected)
    assert [said for line, said in refused if reasons[line] not in said] == []


@pytest.mark.parametrize("recipe", _RECIPES, ids=lambda recipe: recipe.title)
def test_what_is_read_under_another_name_is_told(recipe: _Recipe, tmp_path: Path) -> None:
    """Each foreign name is one warning, where it stands; no other line has one."""
    noted = [
        (line.strip(), text)
        for line in recipe.text.splitlines()
        for known, text in _NOTED
        if line.strip() == known and ("type: dpo" in recipe.text or known == _LIGER[0])
    ]
    if "checkpoint:\n  - type: huggingface" in recipe.text and "type: dpo" in recipe.text:
        noted.remove(_NOTED[1])  # the engine of that name is ours
    warned = _found(recipe.text, tmp_path, "warning")
    assert [line for line, _ in warned] == [line for line, _ in noted]
    assert all(text in said for (_, said), (_, text) in zip(warned, noted, strict=True))


def test_most_kinds_of_recipes_load() -> None:
    """Of the examples above, these load as they are, the ones with Liger among them."""
    loading = [recipe.title for recipe in _RECIPES if not recipe.refused]
    assert loading == [
        "first steps",
        "first steps with a data set as a text",
        "reasoning over tables, first stage",
        "reasoning over tables, second stage",
        "experts made dense",
        "one process",
        "one process and newer attention",
    ]
