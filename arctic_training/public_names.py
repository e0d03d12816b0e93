"""The names of the public API, each with the module that defines it.

``arctic_training/__init__.py`` resolves them on access, generated code and stubs import them from
the package, and ``arctic-gen migrate`` rewrites imports of their homes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["PUBLIC_NAMES"]

PUBLIC_NAMES: Final[Mapping[str, str]] = {
    "ArcticTrainingError": "arctic_training.errors",
    "CheckpointConfig": "arctic_training.config.checkpoint",
    "CheckpointEngine": "arctic_training.checkpoint.engine",
    "Conversation": "arctic_training.data.chat.conversation",
    "DataConfig": "arctic_training.config.data",
    "DataFactory": "arctic_training.data.factory",
    "IGNORE_INDEX": "arctic_training.data.batches",
    "InvalidRecipeError": "arctic_training.errors",
    "LossOutput": "arctic_training.core.loss_output",
    "Message": "arctic_training.data.chat.conversation",
    "ModelConfig": "arctic_training.config.model",
    "ModelFactory": "arctic_training.model.factory",
    "OptimizerConfig": "arctic_training.config.optimizer",
    "OptimizerFactory": "arctic_training.optimizer.factory",
    "Preference": "arctic_training.data.chat.conversation",
    "PreferenceBatch": "arctic_training.data.batches",
    "RecipeError": "arctic_training.errors",
    "RegistryError": "arctic_training.errors",
    "RowBatch": "arctic_training.data.batches",
    "SFTBatch": "arctic_training.data.batches",
    "SchedulerConfig": "arctic_training.config.scheduler",
    "SchedulerFactory": "arctic_training.scheduler.factory",
    "Term": "arctic_training.core.loss_output",
    "TokenizerConfig": "arctic_training.config.tokenizer",
    "TokenizerFactory": "arctic_training.tokenizer.factory",
    "Trainer": "arctic_training.trainer.trainer",
    "TrainerConfig": "arctic_training.config.trainer",
    "TrainerContext": "arctic_training.core.context",
    "TrainingError": "arctic_training.errors",
    "UnpairedBatch": "arctic_training.data.batches",
    "UnusableRecipeError": "arctic_training.errors",
    "answer_lengths": "arctic_training.losses.preference",
    "answer_log_probabilities": "arctic_training.losses.preference",
    "dpo_loss": "arctic_training.losses.preference",
    "load_recipe": "arctic_training.api",
    "make_trainer": "arctic_training.api",
    "mismatched_answers": "arctic_training.losses.unpaired",
    "next_token_logits": "arctic_training.losses.language_modeling",
    "next_token_loss": "arctic_training.losses.language_modeling",
    "token_log_probabilities": "arctic_training.losses.log_probabilities",
}
