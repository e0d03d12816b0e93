"""What many tests share: the commands, in this process, and small real projects."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple, NoReturn, Protocol

ROOT = Path(__file__).parent.parent
"""The checkout."""


class Result(NamedTuple):
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str


class _Main(Protocol):
    def __call__(self, arguments: list[str] | None = None) -> NoReturn: ...


def arctic_gen(*arguments: str | Path, folder: Path) -> Result:
    """Run ``arctic-gen`` in a folder, in this process."""
    from arctic_training.cli.gen import main

    return _run(main, arguments, folder)


def arctic_train(*arguments: str | Path, folder: Path) -> Result:
    """Run ``arctic-train`` in a folder, in this process: for what ends before training."""
    from arctic_training.cli.train import main

    return _run(main, arguments, folder)


def python(*arguments: str | Path, folder: Path = ROOT) -> Result:
    """Run this Python in a process of its own."""
    command = [sys.executable, *map(str, arguments)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return Result(done.returncode, done.stdout, done.stderr)


def _run(main: _Main, arguments: tuple[str | Path, ...], folder: Path) -> Result:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.chdir(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as end:
            code = end.code
    assert isinstance(code, int)
    return Result(int(code), out.getvalue(), err.getvalue())


DEFINITION = """\
schema_version: 1
name: mine
config_type:
  name: MineTrainerConfig
  properties:
    alpha:
      type: number
      minimum: 0
      default: 0.5
      description: Strength.
data_factory_type: sft
model_factory_type: [random_llama, huggingface]
checkpoint_engine_type: [deepspeed, huggingface]
optimizer_factory_type: fused_adam
scheduler_factory_type: huggingface
tokenizer_factory_type: byte_level_bpe
loss: mine_loss:mine_loss
"""
"""A definition that is right, whose loss does not exist yet."""

RICH_DEFINITION = DEFINITION.replace(
    "      description: Strength.\n",
    """\
      description: Strength.
    teacher:
      type: object
      description: Whom to learn from.
      properties:
        path: {type: string, format: path}
        layers: {type: array, items: {type: integer, minimum: 0}, default: [1, 2]}
        weights: {type: object, additionalProperties: {type: number}, default: {a: 1}}
    ref_model: {factory: model, description: What the model is held against.}
    mode: {enum: [fast, exact], default: fast}
    level: {type: [integer, 'null'], default: null}
    format: {anyOf: [{type: number}, {const: auto}], default: auto}
    max: {type: string, format: uri, default: 'https://example.org/x'}
    pair:
      type: array
      items: [{type: integer}, {type: array, items: {type: string, pattern: '^\\d+$'}}]
      additionalItems: false
      default: [1, ['2']]
    seeds: {type: array, items: {type: integer}, uniqueItems: true, default: [1, 2]}
    first: {$ref: '#/definitions/range', description: First.}
    second: {anyOf: [{$ref: '#/definitions/range'}, {type: 'null'}], default: {low: 3}}
    shape:
      oneOf:
        - {type: object, properties: {kind: {const: flat}}}
        - type: object
          properties: {kind: {const: bent}, range: {$ref: '#/definitions/range'}}
      default: {kind: bent, range: {low: 0.5}}
""",
).replace(
    "loss: mine_loss:mine_loss\n",
    """\
loss: mine_loss:mine_loss
definitions:
  range:
    type: object
    description: From here to there.
    properties:
      low: {type: number, default: 0}
      high: {type: number, default: 1}
""",
)
"""A definition with every kind of field."""

RECIPE = """\
type: sft
model:
  type: random_llama
  hidden_size: 32
  intermediate_size: 64
  num_hidden_layers: 2
  num_attention_heads: 2
  dtype: fp32
  disable_activation_checkpoint: true
tokenizer:
  type: byte_level_bpe
  vocab_size: 300
  sources:
    type: python_docs
    sample_count: 50
data:
  sources:
    type: python_docs
    sample_count: 60
  max_length: 512
  div_length: 8
micro_batch_size: 2
"""
"""A recipe of `sft` for a very small model on a CPU; it saves nothing: append what a test needs."""


def write(path: Path, text: str) -> Path:
    """Write a file and the folders above it; return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
