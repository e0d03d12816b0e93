"""DeepSpeed's launcher, which also hands the variables of Weights & Biases to other machines.

``python -m arctic_training.launcher.runner`` takes the arguments of
``python -m deepspeed.launcher.runner``.
"""

from __future__ import annotations

from typing import Final

from deepspeed.launcher import runner

__all__ = ["EXPORTED", "main"]

EXPORTED: Final = ("WANDB",)
"""How the names of variables begin that each process gets, beside those that DeepSpeed hands on.

On another machine nothing else of the environment is there, and the first process may be on one.
"""


def main() -> None:
    """Run DeepSpeed's launcher."""
    runner.EXPORT_ENVS += [prefix for prefix in EXPORTED if prefix not in runner.EXPORT_ENVS]
    runner.main()


if __name__ == "__main__":
    main()
