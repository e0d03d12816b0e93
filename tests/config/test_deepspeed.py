"""The free-form block of DeepSpeed: each of its keys is taken, or refused with the reason."""

from __future__ import annotations

import inspect
import re

import pytest
from pydantic import BaseModel

from arctic_training.config.base import Config
from arctic_training.config.deepspeed import BF16Config, DeepSpeedConfig, FP16Config
from arctic_training.config.zero import OffloadOptimizerConfig, OffloadParamConfig, ZeROConfig
from arctic_training.engines.deepspeed.backend import deepspeed
from arctic_training.engines.deepspeed.derived_config import engine_problems
from tests.tiny import sft_config

_OFFLOADING = deepspeed.runtime.zero.offload_config
_PRECISION = deepspeed.runtime.precision_config


def _refused(model: type[Config]) -> set[str]:
    extra = model.model_config.get("json_schema_extra")
    assert isinstance(extra, dict)
    planned = extra["x-planned"]
    assert isinstance(planned, dict)
    return {*planned}


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (ZeROConfig, deepspeed.runtime.zero.config.DeepSpeedZeroConfig),
        (OffloadOptimizerConfig, _OFFLOADING.DeepSpeedZeroOffloadOptimizerConfig),
        (OffloadParamConfig, _OFFLOADING.DeepSpeedZeroOffloadParamConfig),
        (FP16Config, _PRECISION.DeepSpeedFP16Config),
        (BF16Config, _PRECISION.DeepSpeedBF16Config),
    ],
)
def test_every_key_of_deepspeed_is_known(ours: type[Config], theirs: type[BaseModel]) -> None:
    """What DeepSpeed's model has is taken or refused; nothing is taken that it does not have."""
    keys = {field.alias or name for name, field in theirs.model_fields.items()}
    taken, refused = {*ours.model_fields}, _refused(ours)
    assert taken & refused == set()
    assert keys - taken - refused == set()
    assert taken - keys == set()


def test_every_key_at_the_top_of_deepspeed_is_known() -> None:
    """What DeepSpeed reads of its configuration by a key is taken, or refused with a reason."""
    config = deepspeed.runtime.config
    read = re.findall(
        r"(?:get_\w+_param\(\s*param_dict,|param_dict\.get\()\s*([A-Z_]+)|([A-Z_]+) in param_dict",
        inspect.getsource(config),
    )
    keys = {vars(config)[name] for names in read for name in names if name}
    assert {"train_batch_size", "torch_autocast", "checkpoint"} <= keys
    inner = {"type", "params", "legacy_fusion", "dtype", "lower_precision_safe_modules"}
    taken, refused = {*DeepSpeedConfig.model_fields}, _refused(DeepSpeedConfig)
    assert taken & refused == set()
    assert keys - inner - taken - refused == set()


@pytest.mark.parametrize(
    ("engine", "pointer"),
    [
        ({"bf16": {"enabled": True}}, "bf16.enabled"),
        ({"bfloat16": {"enabled": True}}, "bfloat16.enabled"),
        ({"fp16": {"enabled": True}}, "fp16.enabled"),
        ({"zero_optimization": {"offload_optimizer": {"device": "cpu"}}}, "offload_optimizer"),
        ({"zero_optimization": {"overlap_comm": True}}, "overlap_comm"),
        ({"zero_optimization": {"stage": 1, "overlap_comm": True}}, "overlap_comm"),
        (
            {"zero_optimization": {"stage": 1, "offload_optimizer": {"ratio": 0.5}}},
            "offload_optimizer.ratio",
        ),
        (
            {"zero_optimization": {"stage": 2, "offload_param": {"device": "cpu"}}},
            "offload_param",
        ),
    ],
)
def test_contradictions_are_errors(engine: dict[str, object], pointer: str) -> None:
    """A block that contradicts the recipe, or itself, is an error at its key."""
    problems = list(engine_problems(sft_config(model={"dtype": "fp32"}, deepspeed=engine)))
    assert len(problems) == 1
    assert ".".join(map(str, problems[0].pointer)).endswith(pointer)


def test_the_same_said_twice_is_no_contradiction() -> None:
    """A precision may be said in both places, as recipes for ArcticTraining do."""
    engine = {"bf16": {"enabled": True}, "fp16": {"enabled": False}, "bfloat16": {"enabled": True}}
    assert list(engine_problems(sft_config(model={"dtype": "bf16"}, deepspeed=engine))) == []
