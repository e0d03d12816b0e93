"""What the sum of a loss is made of, as far as the text of the function says so.

A value is followed through assignments, arithmetic and chains of methods. What is not plain to see
counts as right.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from arctic_training.lint.modules import FunctionDefinition, dotted
from arctic_training.lint.outputs import argument
from arctic_training.lint.variables import assigned, values

__all__ = ["Sums"]

_REDUCED: Final = frozenset(
    """
    binary_cross_entropy binary_cross_entropy_with_logits cosine_embedding_loss cross_entropy
    gaussian_nll_loss hinge_embedding_loss huber_loss kl_div l1_loss margin_ranking_loss mse_loss
    nll_loss poisson_nll_loss smooth_l1_loss soft_margin_loss triplet_margin_loss
    """.split()
)
"""Functions of `torch.nn.functional` that return a mean by default."""

_MEANS: Final = ("mean", "batchmean")
_KEEPING: Final = frozenset(
    "abs clone contiguous cpu cuda detach double float half neg squeeze to view".split()
)
"""Methods of which a mean stays one."""

_ARITHMETIC: Final[dict[str, type[ast.operator]]] = {
    "add": ast.Add,
    "div": ast.Div,
    "mul": ast.Mult,
    "sub": ast.Sub,
    "true_divide": ast.Div,
}
"""Methods that do what an operator does."""

_CUTTING: Final = frozenset({"detach", "item", "numpy", "tolist"})
_UNTRAINED: Final = frozenset({"inference_mode", "no_grad"})


@dataclass(frozen=True)
class Sums:
    """Follows the sums of one function; ``seen`` are the variables on the way."""

    function: FunctionDefinition
    seen: frozenset[str] = frozenset()

    def mean(self, node: ast.expr) -> ast.expr | None:
        """Return the part of a sum that is a mean, or that divides by what is counted."""
        match _as_arithmetic(node):
            case ast.Name(id=name):
                return self._of_variable(name, Sums.mean)
            case ast.UnaryOp(operand=inner):
                return self.mean(inner)
            case ast.BinOp(left=first, op=ast.Add() | ast.Sub(), right=second):
                return self.mean(first) or self.mean(second)
            case ast.BinOp(left=first, op=ast.Mult(), right=second):
                scaled = first if self._is_factor(second) else second
                return self.mean(scaled) if self._is_factor(first, second) else None
            case ast.BinOp(left=first, op=ast.Div(), right=second):
                if self._is_factor(second):
                    return self.mean(first)
                return node if self.is_total(first) else None
            case ast.Call(func=ast.Attribute(attr="mean" | "nanmean")):
                return node
            case ast.Call(func=ast.Attribute(value=inner, attr=name)) if name in _KEEPING:
                return self.mean(inner)
            case ast.Call() as call if self._is_mean(call):
                return node
            case _:
                return None

    def cut(self, node: ast.expr) -> ast.expr | None:
        """Return where a sum is cut off from the parameters, if no part of it has a gradient."""
        match _as_arithmetic(node):
            case ast.Name(id=name):
                return self._untrained(name) or self._of_variable(name, Sums.cut)
            case ast.UnaryOp(operand=inner):
                return self.cut(inner)
            case ast.BinOp(left=first, right=second):
                one, other = self.cut(first), self.cut(second)
                is_whole = (one or self._is_factor(first)) and (other or self._is_factor(second))
                return (one or other) if is_whole else None
            case ast.Attribute(attr="data") | ast.Call(func=ast.Name(id="float" | "int")):
                return node
            case ast.Call(func=ast.Attribute(attr=name)) if name in _CUTTING:
                return node
            case ast.Call(func=ast.Attribute(value=inner), args=given, keywords=[]):
                return self.cut(inner) if all(map(self._is_factor, given)) else None
            case _:
                return None

    def is_total(self, node: ast.expr) -> bool:
        """Return whether something is summed up."""
        match _as_arithmetic(node):
            case ast.Name(id=name):
                return bool(self._of_variable(name, lambda s, v: v if s.is_total(v) else None))
            case ast.UnaryOp(operand=inner):
                return self.is_total(inner)
            case ast.BinOp(left=first, op=ast.Mult() | ast.Div(), right=second):
                scaled = second if self.is_number(first) else first
                return self._is_factor(first, second) and self.is_total(scaled)
            case ast.Call(func=ast.Attribute(attr="sum" | "nansum")):
                return True
            case ast.Call(func=ast.Attribute(value=inner, attr=name)) if name in _KEEPING:
                return self.is_total(inner)
            case _:
                return False

    def _is_factor(self, *nodes: ast.expr) -> bool:
        """Return whether any is a number that does not depend on the batch: of code or a recipe."""
        return any(map(self.is_number, nodes))

    def is_number(self, node: ast.expr) -> bool:
        """Return whether something is a number of the code or of a recipe."""
        match node:
            case ast.Constant(value=int() | float()):
                return True
            case ast.Name(id=name) if assigned(self.function, name):
                return bool(self._of_variable(name, lambda s, v: v if s.is_number(v) else None))
            case ast.Name(id=name):
                return any(self.is_number(v) for v in _of_module(self.function, name))
            case ast.Attribute(value=inner):
                return "config" in dotted(inner) or self._is_config(inner)
            case ast.UnaryOp(operand=inner):
                return self.is_number(inner)
            case ast.BinOp(left=first, right=second):
                return self.is_number(first) and self.is_number(second)
            case ast.Call(func=ast.Name(id="float" | "int" | "max" | "min"), args=[*given]):
                return bool(given) and all(map(self.is_number, given))
            case _:
                return False

    def _is_config(self, node: ast.expr) -> bool:
        """Return whether a variable is the config of the trainer, under another name."""
        value = assigned(self.function, node.id) if isinstance(node, ast.Name) else None
        return value is not None and dotted(value)[-1:] == ("config",)

    def _is_mean(self, call: ast.Call) -> bool:
        """Return whether a call is one of a function of torch's that returns a mean."""
        name = dotted(call.func)
        is_torch = self.function.module.home(name).partition(".")[0] == "torch"
        if not is_torch or name[-1] not in _REDUCED or any(k.arg is None for k in call.keywords):
            return False
        reduction = argument(call, "reduction", len(call.args))
        return reduction is None or getattr(reduction, "value", "") in _MEANS

    def _of_variable(
        self, name: str, look: Callable[[Sums, ast.expr], ast.expr | None]
    ) -> ast.expr | None:
        """Look at the one value of a variable, unless that is on the way to itself."""
        value = None if name in self.seen else assigned(self.function, name)
        return look(Sums(self.function, self.seen | {name}), value) if value else None

    def _untrained(self, name: str) -> ast.expr | None:
        """Return the one value of a variable, if it gets it where no gradient is kept."""
        value = assigned(self.function, name)
        cutting = (
            part
            for node in ast.walk(self.function.node)
            if isinstance(node, ast.With) and any(map(_is_untrained, node.items))
            for part in node.body
        )
        is_inside = any(inner is value for part in cutting for inner in ast.walk(part))
        return value if is_inside else None


def _as_arithmetic(node: ast.expr) -> ast.expr:
    """Return a method that does what an operator does as that operator."""
    match node:
        case ast.Call(func=ast.Attribute(value=first, attr=name), args=[second], keywords=[]):
            operator = _ARITHMETIC.get(name)
            if operator:
                return ast.copy_location(ast.BinOp(first, operator(), second), node)
            return node
        case _:
            return node


def _of_module(function: FunctionDefinition, name: str) -> Iterator[ast.expr]:
    """Iterate over the values of a name at the top of the module."""
    for statement in function.module.tree.body:
        yield from values(statement, name)


def _is_untrained(item: ast.withitem) -> bool:
    context = item.context_expr
    called = context.func if isinstance(context, ast.Call) else context
    return bool(_UNTRAINED & {*dotted(called)[-1:]})
