"""``make demo``: from a definition to a trained model that writes text.

Runs the two commands that a user runs, then loads the checkpoint as anybody would.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import cast

EXAMPLE = Path(__file__).parent / "focal"
RUN = EXAMPLE / "runs" / "focal"
QUESTION = "What is `str.split` in Python?"


def main() -> None:
    """Generate, train, reload, write."""
    _run("arctic-gen", "new-trainer", "focal.yaml")
    _run("arctic-train", "focal.recipe.yaml", "overwrite_output_dir=true")
    losses = [json.loads(line)["loss"] for line in (RUN / "metrics.jsonl").open()]
    first, last = losses[0], sum(losses[-10:]) / 10
    print(f"\nThe loss fell from {first:.3f} to {last:.3f}: by {1 - last / first:.0%}.")
    print(f"\n$ python  # load {RUN.relative_to(Path.cwd())} with transformers and ask it\n")
    print(QUESTION)
    print(_answer(RUN / f"global_step_{len(losses)}"))


def _run(command: str, *arguments: str) -> None:
    """Run a command of this environment in the folder of the example, as a user would."""
    print(f"\n$ {shlex.join([command, *arguments])}", flush=True)
    executable = Path(sys.executable).with_name(command)
    done = subprocess.run([executable, *arguments], cwd=EXAMPLE, check=False)
    if done.returncode:
        raise SystemExit(done.returncode)


def _answer(checkpoint: Path) -> str:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, pipeline
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    model, report = cast(
        "tuple[PreTrainedModel, dict[str, list[str]]]",
        AutoModelForCausalLM.from_pretrained(checkpoint, output_loading_info=True),
    )
    if report["missing_keys"] or report["unexpected_keys"]:
        raise SystemExit(f"the checkpoint does not fit the model: {report}")
    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    write = pipeline("text-generation", model=model, tokenizer=tokenizer)
    written = write(
        [{"role": "user", "content": QUESTION}],
        max_new_tokens=80,
        do_sample=True,
        temperature=0.7,
        return_full_text=False,
    )
    return str(written[0]["generated_text"])


if __name__ == "__main__":
    main()
