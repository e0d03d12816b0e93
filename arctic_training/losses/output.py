"""Former home of ``LossOutput`` and ``Term``, for losses that were written for interface 1.

``arctic-gen migrate`` rewrites the import: ``from arctic_training import LossOutput, Term``.
"""

from __future__ import annotations

from arctic_training.core.loss_output import LossOutput, Term

__all__ = ["LossOutput", "Term"]
