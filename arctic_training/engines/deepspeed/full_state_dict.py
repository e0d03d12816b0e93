"""Full state dict of a model whose parameters DeepSpeed may have sharded."""

from __future__ import annotations

from typing import Final

from torch import Tensor, nn

from arctic_training.core.mesh import Mesh
from arctic_training.engines.deepspeed.backend import deepspeed

__all__ = ["full_state_dict"]

_STAGE_WITH_SHARDED_PARAMETERS: Final = 3


def full_state_dict(
    module: nn.Module, mesh: Mesh, *, zero_stage: int, only_trained: bool = False
) -> dict[str, Tensor]:
    """Return the parameters and buffers of a model on the CPU of rank 0; collective.

    Other ranks get an empty dictionary. ``only_trained`` leaves out frozen parameters.
    """
    parameters = dict(module.named_parameters(remove_duplicate=False))
    left_out = {n for n, p in parameters.items() if only_trained and not p.requires_grad}
    if zero_stage < _STAGE_WITH_SHARDED_PARAMETERS:
        state = module.state_dict() if mesh.is_first else {}
        return {n: value.detach().cpu() for n, value in state.items() if n not in left_out}
    gathered: dict[str, Tensor] = {}
    for name, parameter in parameters.items():
        if name in left_out:
            continue
        with deepspeed.zero.GatheredParameters([parameter]):
            if mesh.is_first:
                gathered[name] = parameter.detach().cpu().clone()
    if not mesh.is_first:
        return {}
    state = module.state_dict()
    buffers = {n: value.detach().cpu() for n, value in state.items() if n not in parameters}
    return gathered | buffers
