"""CPU time from the command to the first step, beside the same start by hand."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.benchmarks.commands import cpu_ms
from tests.benchmarks.measurement import Measurement
from tests.support import ROOT, write

_RUNS: Final = 3
_BUDGET: Final = 1.2
_BY_HAND: Final = """\
import os, sys
sys.modules["mlflow"] = None  # deepspeed would import it
import deepspeed, torch, transformers
transformers.AutoModelForCausalLM.from_config(
    transformers.LlamaConfig(
        vocab_size=512, hidden_size=128, intermediate_size=384, num_hidden_layers=2,
        num_attention_heads=4, tie_word_embeddings=True,
    ),
    dtype=torch.float32,
)
os._exit(0)
"""


def measure() -> Iterator[Measurement]:
    """Measure the imports and the model by hand, and the demo up to its first step.

    The data stands in the cache, as it does for all runs but the first. The step is in it, of one
    row. By hand, DeepSpeed does not import MLflow either: the ratio is the same where it is not
    installed. Both end before Python is taken apart, as `arctic-train` does.
    """
    programs = Path(sys.executable).parent
    with tempfile.TemporaryDirectory() as name:
        demo = shutil.copytree(ROOT / "examples" / "focal", Path(name, "focal"))
        generate = [str(programs / "arctic-gen"), "new-trainer", "focal.yaml"]
        subprocess.run(generate, cwd=demo, check=True, stdout=subprocess.DEVNULL)
        script = write(Path(name, "by_hand.py"), _BY_HAND)
        overrides = [
            "train_iters=1",
            "micro_batch_size=1",
            "checkpoint=[]",
            "overwrite_output_dir=true",
            f"data.cache_dir={name}/cache",
        ]
        recipe = demo / "focal.recipe.yaml"
        command = [str(programs / "arctic-train"), str(recipe), *overrides]
        cpu_ms(command, runs=1)
        by_hand = cpu_ms([sys.executable, str(script)], runs=_RUNS)
        ours = cpu_ms(command, runs=_RUNS)
    yield Measurement(name="imports and a model by hand", value=by_hand, unit="ms")
    yield Measurement(name="arctic-train, first step included", value=ours, unit="ms")
    yield Measurement(name="arctic-train / by hand", value=ours / by_hand, unit="x", budget=_BUDGET)
