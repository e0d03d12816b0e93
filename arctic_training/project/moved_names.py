"""Where the names of arctic_training were in its previous version, and where they are now.

`arctic-gen migrate` rewrites imports by these tables. A release that moves or renames what users
import adds to them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from arctic_training.public_names import PUBLIC_NAMES

__all__ = ["MOVED_MODULES", "MOVED_NAMES", "PACKAGE", "current_import", "is_moved", "renamed"]

PACKAGE: Final = "arctic_training"

MOVED_MODULES: Final[Mapping[str, str]] = {
    "arctic_training.callback.observed": "arctic_training.callback.phases",
    "arctic_training.checkpoint.alone": "arctic_training.checkpoint.output_dir_lock",
    "arctic_training.checkpoint.changes": "arctic_training.config.resume_changes",
    "arctic_training.checkpoint.deepspeed": "arctic_training.engines.deepspeed.checkpoint",
    "arctic_training.checkpoint.earlier": "arctic_training.checkpoint.resume",
    "arctic_training.checkpoint.folder": "arctic_training.fs.atomic_folder",
    "arctic_training.checkpoint.mark": "arctic_training.fs.folder_mark",
    "arctic_training.checkpoint.random_numbers": "arctic_training.core.random_state",
    "arctic_training.checkpoint.recipe": "arctic_training.core.resolved_recipe",
    "arctic_training.checkpoint.scores": "arctic_training.checkpoint.evaluation_scores",
    "arctic_training.checkpoint.shared": "arctic_training.checkpoint.shared_filesystem",
    "arctic_training.checkpoint.shares": "arctic_training.checkpoint.world_size_change",
    "arctic_training.checkpoint.universal": (
        "arctic_training.engines.deepspeed.universal_checkpoint"
    ),
    "arctic_training.config.deepspeed_refused": "arctic_training.config.unsupported_deepspeed",
    "arctic_training.config.exact": "arctic_training.config.markers",
    "arctic_training.config.foreign_aliases": "arctic_training.config.foreign_names",
    "arctic_training.config.foreign_trainers": "arctic_training.config.foreign_names",
    "arctic_training.config.known_sets": "arctic_training.config.known_datasets",
    "arctic_training.config.named": "arctic_training.config.markers",
    "arctic_training.config.numbers": "arctic_training.document.numbers",
    "arctic_training.config.refused_adapters": "arctic_training.config.unsupported_adapters",
    "arctic_training.config.schema": "arctic_training.document.schema_forms",
    "arctic_training.config.source_text": "arctic_training.config.source",
    "arctic_training.config.spelled": "arctic_training.config.markers",
    "arctic_training.config.unique": "arctic_training.config.markers",
    "arctic_training.data.answers": "arctic_training.data.chat.assistant_mask",
    "arctic_training.data.arrow_rows": "arctic_training.data.sources.arrow_rows",
    "arctic_training.data.cache": "arctic_training.data.store.cache",
    "arctic_training.data.causal": "arctic_training.data.factories.causal",
    "arctic_training.data.chat": "arctic_training.data.chat.encoding",
    "arctic_training.data.chat_data": "arctic_training.data.factories.conversations",
    "arctic_training.data.collate": "arctic_training.data.loading.collate",
    "arctic_training.data.conversation": "arctic_training.data.chat.conversation",
    "arctic_training.data.delimited_rows": "arctic_training.data.sources.delimited_rows",
    "arctic_training.data.digests": "arctic_training.data.store.digests",
    "arctic_training.data.documents": "arctic_training.data.sources.huggingface_causal",
    "arctic_training.data.files": "arctic_training.data.sources.files",
    "arctic_training.data.function": "arctic_training.data.sources.function",
    "arctic_training.data.generation_ends": "arctic_training.data.chat.stop_tokens",
    "arctic_training.data.honoured": "arctic_training.data.factories.honoured_keys",
    "arctic_training.data.huggingface": "arctic_training.data.sources.huggingface",
    "arctic_training.data.instruct": "arctic_training.data.sources.huggingface_instruct",
    "arctic_training.data.items": "arctic_training.data.sources.dataset",
    "arctic_training.data.json_rows": "arctic_training.data.sources.json_rows",
    "arctic_training.data.loader": "arctic_training.data.loading.loader",
    "arctic_training.data.mapped": "arctic_training.data.store.mapped_arrays",
    "arctic_training.data.marks": "arctic_training.data.chat.sentinels",
    "arctic_training.data.mixture": "arctic_training.data.sources.mixture",
    "arctic_training.data.packing": "arctic_training.data.store.packing",
    "arctic_training.data.preference": "arctic_training.data.factories.preference",
    "arctic_training.data.preferences": "arctic_training.data.sources.huggingface_preference",
    "arctic_training.data.prepared": "arctic_training.data.store.prepared_data",
    "arctic_training.data.preparing": "arctic_training.data.factories.preparation",
    "arctic_training.data.python_docs": "arctic_training.data.sources.python_docs",
    "arctic_training.data.reachable": "arctic_training.data.factories.reachable_attributes",
    "arctic_training.data.reading": "arctic_training.data.sources.reading",
    "arctic_training.data.recognised": "arctic_training.data.sources.recognition",
    "arctic_training.data.report": "arctic_training.data.store.preparation_report",
    "arctic_training.data.row_files": "arctic_training.data.sources.row_files",
    "arctic_training.data.samples": "arctic_training.data.store.samples",
    "arctic_training.data.sft": "arctic_training.data.factories.sft",
    "arctic_training.data.sides": "arctic_training.data.factories.completions",
    "arctic_training.data.snowflake": "arctic_training.data.sources.snowflake",
    "arctic_training.data.snowpark": "arctic_training.data.sources.snowpark",
    "arctic_training.data.source": "arctic_training.data.sources.source",
    "arctic_training.data.source_errors": "arctic_training.data.sources.source_errors",
    "arctic_training.data.source_items": "arctic_training.data.sources.registry",
    "arctic_training.data.spans": "arctic_training.data.chat.spans",
    "arctic_training.data.split": "arctic_training.data.factories.reading_modes",
    "arctic_training.data.stored": "arctic_training.data.store.prepared_data",
    "arctic_training.data.stream": "arctic_training.data.loading.stream",
    "arctic_training.data.tags": "arctic_training.data.chat.reasoning_tags",
    "arctic_training.data.threads": "arctic_training.data.tokenizing",
    "arctic_training.data.token_check": "arctic_training.data.factories.token_check",
    "arctic_training.data.tokens": "arctic_training.data.factories.token_rows",
    "arctic_training.data.tools": "arctic_training.data.chat.tools",
    "arctic_training.data.turn_ends": "arctic_training.data.chat.turn_ends",
    "arctic_training.data.turns": "arctic_training.data.chat.turn_spans",
    "arctic_training.data.unpaired": "arctic_training.data.sources.huggingface_unpaired",
    "arctic_training.data.unpaired_data": "arctic_training.data.factories.unpaired",
    "arctic_training.factory": "arctic_training.core.factory",
    "arctic_training.launcher.ending": "arctic_training.launcher.process_exit",
    "arctic_training.launcher.failure": "arctic_training.launcher.failure_report",
    "arctic_training.launcher.isolation": "arctic_training.core.isolated_processes",
    "arctic_training.launcher.task_manager": "arctic_training.core.task_manager",
    "arctic_training.launcher.world": "arctic_training.core.mesh",
    "arctic_training.losses.checked": "arctic_training.losses.validation",
    "arctic_training.losses.output": "arctic_training.core.loss_output",
    "arctic_training.model.checkpointing": "arctic_training.model.model_options",
    "arctic_training.model.documents": "arctic_training.model.packed_attention",
    "arctic_training.model.folders": "arctic_training.model.model_folders",
    "arctic_training.model.hub": "arctic_training.hub.connection",
    "arctic_training.model.isolation": "arctic_training.model.document_isolation",
    "arctic_training.model.layers": "arctic_training.model.adapter_targets",
    "arctic_training.model.loading": "arctic_training.hub.loading",
    "arctic_training.model.peft_version": "arctic_training.model.peft",
    "arctic_training.optimizer.compiled": "arctic_training.engines.deepspeed.compiled_operations",
    "arctic_training.optimizer.cpu_adam": "arctic_training.engines.deepspeed.cpu_adam",
    "arctic_training.optimizer.joined": "arctic_training.optimizer.combined",
    "arctic_training.optimizer.parameters": "arctic_training.optimizer.parameter_groups",
    "arctic_training.registry": "arctic_training.core.registry",
    "arctic_training.scheduler.resumed": "arctic_training.scheduler.resume",
    "arctic_training.tracker.record": "arctic_training.tracker.run_record",
    "arctic_training.trainer.backend": "arctic_training.engines.deepspeed.backend",
    "arctic_training.trainer.built_later": "arctic_training.trainer.unbuilt_attributes",
    "arctic_training.trainer.context": "arctic_training.core.context",
    "arctic_training.trainer.ending": "arctic_training.trainer.teardown",
    "arctic_training.trainer.engine": "arctic_training.core.engine",
    "arctic_training.trainer.engine_config": "arctic_training.engines.deepspeed.derived_config",
    "arctic_training.trainer.log": "arctic_training.trainer.process_log",
    "arctic_training.trainer.loss_place": "arctic_training.trainer.loss_location",
    "arctic_training.trainer.loss_scale": "arctic_training.engines.deepspeed.loss_scale",
    "arctic_training.trainer.parts": "arctic_training.trainer.components",
    "arctic_training.trainer.remaining": "arctic_training.core.remaining",
    "arctic_training.trainer.report": "arctic_training.core.reports",
    "arctic_training.trainer.row_length": "arctic_training.trainer.max_length",
    "arctic_training.trainer.state": "arctic_training.core.state",
    "arctic_training.trainer.stop": "arctic_training.trainer.stop_requests",
    "arctic_training.trainer.totals": "arctic_training.core.totals",
    "arctic_training.trainer.whole_steps": "arctic_training.trainer.step_guard",
}
"""Modules of interface 1 that are elsewhere now."""

MOVED_NAMES: Final[Mapping[str, str]] = {
    "arctic_training.checkpoint.folder:writing_together": (
        "arctic_training.checkpoint.joint_folder:writing_together"
    ),
    "arctic_training.data.batches:IGNORED": "arctic_training.data.batches:IGNORE_INDEX",
    "arctic_training.data.chat:Marked": "arctic_training.data.chat.encoding:MaskedText",
    "arctic_training.data.chat:Trained": "arctic_training.data.chat.encoding:MaskOptions",
    "arctic_training.data.conversation:SAID": (
        "arctic_training.data.chat.conversation:BESIDE_CONTENT"
    ),
    "arctic_training.data.items:Counted": "arctic_training.data.sources.dataset:SizedDataset",
    "arctic_training.data.items:Endless": "arctic_training.data.sources.dataset:InfiniteMixture",
    "arctic_training.data.items:Items": "arctic_training.data.sources.dataset:Dataset",
    "arctic_training.data.items:Numbers": "arctic_training.data.sources.dataset:Indices",
    "arctic_training.data.items:Part": "arctic_training.data.sources.dataset:Split",
    "arctic_training.data.items:batches": "arctic_training.data.tokenizing:text_batches",
    "arctic_training.data.items:sampled": "arctic_training.data.sources.dataset:sample_indices",
    "arctic_training.data.preferences:Preference": (
        "arctic_training.data.chat.conversation:Preference"
    ),
    "arctic_training.data.report:Loss": "arctic_training.data.store.preparation_report:Dropped",
    "arctic_training.data.samples:Packs": "arctic_training.data.store.samples:RowIndex",
    "arctic_training.data.sides:SideDataFactory": (
        "arctic_training.data.factories.completions:CompletionDataFactory"
    ),
    "arctic_training.data.sides:left_out": (
        "arctic_training.data.factories.completions:drop_flawed"
    ),
    "arctic_training.data.source:contents": (
        "arctic_training.data.sources.source:sources_fingerprint"
    ),
    "arctic_training.model.hub:settle_hub": "arctic_training.hub.connection:configure_hub_offline",
    "arctic_training.model.peft_version:why_peft_is_refused": (
        "arctic_training.model.peft:peft_version_problem"
    ),
    "arctic_training.model.vocabulary:TokenLimit": "arctic_training.core.token_limit:TokenLimit",
    "arctic_training.scheduler.resumed:take_up": (
        "arctic_training.scheduler.resume:restore_learning_rates"
    ),
    "arctic_training.trainer.meter:Measures": "arctic_training.core.reports:Measures",
    "arctic_training.trainer.process:seed_everything": (
        "arctic_training.core.seeding:seed_everything"
    ),
    "arctic_training.trainer.process:seed_process": "arctic_training.core.seeding:seed_process",
    "arctic_training.trainer.slots:OneOf": "arctic_training.core.one_of:OneOf",
    "arctic_training.trainer.totals:placed": "arctic_training.core.totals:error_context",
}
"""Names that were renamed, or left a module that is still there, as ``module:name``."""


_MODULES_OF_TODAY: Final = frozenset(MOVED_MODULES.values())
"""A former module may have the name of a package of today, such as ``data.chat``."""


def is_moved(module: str, name: str) -> bool:
    """Return whether ``from module import name`` no longer works."""
    path = f"{module}.{name}"
    is_of_former_module = module in MOVED_MODULES or path in MOVED_MODULES
    is_former = is_of_former_module or f"{module}:{name}" in MOVED_NAMES
    return is_former and path not in _MODULES_OF_TODAY


def current_import(module: str, name: str) -> tuple[str, str]:
    """Return the module and name by which ``from module import name`` is written now.

    The module is that of the public API if this has the name.
    """
    if f"{module}.{name}" in _MODULES_OF_TODAY:
        return module, name
    if submodule := MOVED_MODULES.get(f"{module}.{name}"):
        home, _, name = submodule.rpartition(".")
        return home, name
    unmoved = f"{MOVED_MODULES.get(module, module)}:{name}"
    home, _, name = MOVED_NAMES.get(f"{module}:{name}", unmoved).partition(":")
    return (PACKAGE if PUBLIC_NAMES.get(name) == home else home), name


def renamed(module: str, name: str) -> str:
    """Return the new name of what is used as an attribute of a module; empty if it has none."""
    home, _, new = MOVED_NAMES.get(f"{module}:{name}", "").partition(":")
    return new if home == MOVED_MODULES.get(module, module) and new != name else ""
