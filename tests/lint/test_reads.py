"""Fields that nobody reads, found by following the config through code that is not run."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path

import pytest

from arctic_training.definition.stages import read_definitions
from arctic_training.lint.rule import LintSubject
from tests.support import DEFINITION, ROOT, write

_FIELDS = """\
    teacher:
      type: object
      description: Whom to learn from.
      properties:
        path: {type: string}
        layers: {type: integer, default: 1}
    stages:
      type: array
      default: []
      items: {type: object, properties: {rate: {type: number}, length: {type: integer}}}
    ref_model: {factory: model}
    shape:
      oneOf:
        - {type: object, properties: {kind: {const: flat}, size: {type: integer}}}
        - {type: object, properties: {kind: {const: bent}, angle: {type: number}}}
      default: {kind: flat, size: 1}
"""
_TEXT = DEFINITION.replace("data_factory_type", f"{_FIELDS}data_factory_type", 1)
_ALL = {"alpha", "teacher", "stages", "ref_model", "shape"}
_INNER = {"path", "layers", "rate", "length", "size", "angle"}


def _unread(folder: Path, code: str, *, text: str = _TEXT, **modules: str) -> set[str]:
    path = write(folder / "mine.yaml", text)
    write(folder / "mine_loss.py", code)
    for name, module in modules.items():
        write(folder / Path(*name.split(".")).with_suffix(".py"), module)
    loaded, problems = read_definitions([path])
    assert problems == []
    reader = LintSubject(loaded[0]).reader
    assert reader is not None
    return {declared.name for declared in reader.shape.unread()}


_LOSS = "def mine_loss(trainer, batch):\n    "


@pytest.mark.parametrize(
    ("body", "read"),
    [
        ("return batch", set()),
        ("return trainer.config.alpha", {"alpha"}),
        ("config = trainer.config\n    return config.alpha", {"alpha"}),
        ("return getattr(trainer.config, 'alpha')", {"alpha"}),
        ("return trainer.config.seed", set()),
        ("return (c := trainer.config).alpha + c.seed", {"alpha"}),
        ("first, *rest = trainer.config, batch\n    return first.alpha", {"alpha"}),
        ("return [trainer.config][0].alpha", {"alpha"}),
        ("def inner():\n        return trainer.config\n    return inner().alpha", {"alpha"}),
        ("def inner(c):\n        return c.alpha\n    return inner(trainer.config)", {"alpha"}),
        ("return (lambda: trainer.config.alpha)()", {"alpha"}),
        ("return trainer.frozen_model(trainer.config.ref_model)", {"ref_model"}),
        ("with trainer.config as c:\n        return c.alpha", {"alpha"}),
        ("try:\n        pass\n    finally:\n        x = trainer.config.alpha", {"alpha"}),
        ("while trainer.config.alpha:\n        pass", {"alpha"}),
        ("return trainer.config.teacher", {"teacher", "path", "layers"}),
        ("return trainer.config.teacher.path", {"teacher", "path"}),
        ("t = trainer.config.teacher\n    return t.path if t else t.layers",
         {"teacher", "path", "layers"}),
        ("return print(trainer.config.teacher)", {"teacher", "path", "layers"}),
        ("return f'{trainer.config.teacher}'", {"teacher", "path", "layers"}),
        ("batch.teacher = trainer.config.teacher", {"teacher", "path", "layers"}),
        ("return trainer.config.teacher.model_dump()", {"teacher", "path", "layers"}),
        ("return sum(s.rate for s in trainer.config.stages)", {"stages", "rate"}),
        ("return max(trainer.config.stages, key=len).rate", {"stages", "rate"}),
        ("for n, s in enumerate(trainer.config.stages):\n        n += s.rate", {"stages", "rate"}),
        ("return len(trainer.config.stages)", {"stages"}),
        ("return trainer.config.stages[0].length", {"stages", "length"}),
        ("return {s.rate: s for s in trainer.config.stages}[1].length",
         {"stages", "rate", "length"}),
        ("match trainer.config.shape:\n        case Flat(size=size):\n            return size",
         {"shape", "size"}),
        ("match trainer.config.shape:\n        case Bent() as bent:\n            return bent.angle",
         {"shape", "angle"}),
        ("return unknown(trainer.config)", _ALL | _INNER),
        ("return unknown(trainer)", _ALL | _INNER),
        ("return vars(trainer.config)", _ALL | _INNER),
        ("return trainer.config.__dict__", _ALL | _INNER),
        ("return getattr(trainer.config, batch)", _ALL | _INNER),
        ("yield trainer.config", _ALL | _INNER),
    ],
)  # fmt: skip
def test_a_config_is_followed_through_a_function(body: str, read: set[str], tmp_path: Path) -> None:
    """What an expression may read counts as read, of objects each field; nothing else does.

    An object that goes where it cannot be followed is read as a whole.
    """
    expected = {name for name in _ALL if name not in read}
    if "teacher" in read:
        expected |= {"path", "layers"} - read
    if "stages" in read:
        expected |= {"rate", "length"} - read
    if "shape" in read:
        expected |= {"size", "angle"} - read
    assert expected == _unread(tmp_path, _LOSS + body + "\n")


_IMPORTED = "from {} import {}\n\n" + _LOSS + "return {}\n"


@pytest.mark.parametrize(
    ("code", "modules"),
    [
        (_IMPORTED.format("helpers", "pull", "pull(trainer)"),
         {"helpers": "def pull(t): return t.config.alpha"}),
        (_IMPORTED.format("helpers", "pull as p", "p(batch, c=trainer.config)"),
         {"helpers": "def pull(b, *, c): return c.alpha"}),
        (_IMPORTED.format("lib.deep", "pull", "pull(trainer)"),
         {"lib.deep": "from .other import again\ndef pull(t): return again(t.config)",
          "lib.other": "def again(c): return c.alpha"}),
        ("import lib.deep as d\n" + _LOSS + "return d.pull(trainer)\n",
         {"lib.deep": "def pull(t): return t.config.alpha"}),
        ("import lib.deep\n" + _LOSS + "return lib.deep.pull(trainer)\n",
         {"lib.deep": "def pull(t): return t.config.alpha", "lib.__init__": ""}),
        (_IMPORTED.format("lib", "pull", "pull(trainer)"),
         {"lib.__init__": "from lib.deep import pull",
          "lib.deep": "def pull(t): return t.config.alpha"}),
        (_IMPORTED.format("helpers", "settings", "settings(trainer).alpha"),
         {"helpers": "def settings(t): return t.config"}),
        (_IMPORTED.format("helpers", "down", "down(trainer, 3)"),
         {"helpers": "def down(t, n): return down(t, n - 1) if n else t.config.alpha"}),
        (_IMPORTED.format("helpers", "ping", "ping(trainer.config, 3).alpha"),
         {"helpers": "def ping(c, n): return pong(c, n) if n else c\n"
                     "def pong(c, n): return ping(c, n - 1)"}),
        (_IMPORTED.format("helpers", "hook", "trainer.add_callback('post-step', hook)"),
         {"helpers": "def hook(t): return t.config.alpha"}),
        ("from helpers import mine_loss\n",
         {"helpers": "def mine_loss(t, b): return t.config.alpha"}),
        ("import torch\n@torch.no_grad()\nasync def mine_loss(t, b): return t.config.alpha\n", {}),
        ("from arctic_training.losses.language_modeling import next_token_loss\n" + _LOSS
         + "return next_token_loss(trainer, batch).sum * trainer.config.alpha\n", {}),
    ],
)  # fmt: skip
def test_a_config_is_followed_into_the_modules_of_the_project(
    code: str, modules: dict[str, str], tmp_path: Path
) -> None:
    """Functions of the user's, and of this package, are followed to their last call."""
    assert {"teacher", "stages", "ref_model", "shape"} == _unread(tmp_path, code, **modules)


@pytest.mark.parametrize(
    "code",
    [
        "mine_loss = make()\n",
        "from nowhere import mine_loss\n",
        "def mine_loss(:\n",
        "class mine_loss: pass\n",
    ],
)
def test_a_loss_that_cannot_be_followed_reads_all(code: str, tmp_path: Path) -> None:
    """What no text says is not accused: everything counts as read."""
    assert set() == _unread(tmp_path, code)


_CLASS = """\
from arctic_trainers.mine.trainer import MineTrainerBase
{imports}
class Mine({bases}MineTrainerBase):
    {body}
"""


@pytest.mark.parametrize(
    ("imports", "bases", "body"),
    [
        ("", "", "def step(self, batch): super().step(batch); self.x = self.config.alpha"),
        ("", "", "def __init__(self, config): super().__init__(config); self.a = config.alpha"),
        ("", "", "def loss(self, b): self.f(self.config)\n    def f(self, c): return c.alpha"),
        ("", "", "@property\n    def c(s): return s.config\n    def f(self): print(self.c.alpha)"),
        ("from mixins import Mixin", "Mixin, ", "pass"),
        ("from hooks import log", "", "callbacks = {'post-step': (log,)}"),
        ("", "", "callbacks = {'post-step': [lambda t: print(t.config.alpha)]}"),
    ],
)  # fmt: skip
def test_an_implementation_is_followed(imports: str, bases: str, body: str, tmp_path: Path) -> None:
    """Methods, properties, bases and callbacks of an implementation read the config."""
    text = _TEXT.replace("loss: mine_loss:mine_loss", "implementation: mine_code:Mine")
    code = _CLASS.format(imports=imports, bases=bases, body=body)
    modules = {
        "mine_code": code,
        "mixins": "class Mixin:\n    def step(self, b): return self.config.alpha",
        "hooks": "def log(trainer): return trainer.config.alpha",
    }
    assert _ALL - {"alpha"} == _unread(tmp_path, "", text=text, **modules)


def test_a_base_that_cannot_be_followed_reads_all(tmp_path: Path) -> None:
    """An implementation with a base from an installed package may read anything."""
    text = _TEXT.replace("loss: mine_loss:mine_loss", "implementation: mine_code:Mine")
    code = _CLASS.format(imports="from numpy import ndarray", bases="ndarray, ", body="pass")
    assert set() == _unread(tmp_path, "", text=text, mine_code=code)


def test_a_factory_of_the_users_is_followed(tmp_path: Path) -> None:
    """A factory has the trainer, and so the config of the whole recipe."""
    own = "{name: own, class: 'mine_model:UserFactory', extends: random_llama}"
    text = _TEXT.replace("[random_llama, huggingface]", f"[{own}]")
    code = (
        "from arctic_training.model.random_llama import RandomLlamaFactory\n"
        "class UserFactory(RandomLlamaFactory):\n"
        "    def create(self): return self.trainer.config.alpha\n"
    )
    assert _unread(tmp_path / "unwritten", "def mine_loss(t, b): pass\n", text=text) == _ALL
    expected = _ALL - {"alpha"}
    found = _unread(tmp_path, "def mine_loss(t, b): pass\n", text=text, mine_model=code)
    assert expected == found


_TRAINERS = [
    *(ROOT / f"schemas/trainers/{name}.yaml" for name in ("sft", "causal", "dpo")),
    ROOT / "examples/focal/focal.yaml",
]


def _mutants() -> list[tuple[Path, str]]:
    """Return every field of the trainers that ship, and of the example."""
    found = []
    for path in _TRAINERS:
        (loaded,), _ = read_definitions([path])
        shape = LintSubject(loaded).reader
        assert shape is not None
        root = shape.shape
        found += [(path, declared.name) for owned in root.classes.values() for declared in owned]
    return found


class _Forgetful(ast.NodeTransformer):
    """Takes the reads of one field out of a module."""

    def __init__(self, field: str) -> None:
        self.field, self.count = field, 0

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if node.attr != self.field:
            return self.generic_visit(node)
        self.count += 1
        return ast.Constant(1)


@pytest.mark.parametrize(
    ("path", "field"), _mutants(), ids=lambda part: getattr(part, "stem", part)
)
def test_a_field_without_its_reader_is_found(path: Path, field: str, tmp_path: Path) -> None:
    """Of each field of the trainers that ship: with its reader it is read, without it is not."""
    (loaded,), _ = read_definitions([path])
    loss = loaded.spec.loss
    assert loss is not None
    home = path.parent / f"{loss.module}.py"
    if not home.exists():
        found = importlib.util.find_spec(loss.module)
        assert found is not None
        home = Path(str(found.origin))
    text = path.read_text(encoding="utf-8").replace(f"loss: {loss}", "loss: copied:" + loss.name)
    text = text.replace("\nname: ", "\nname: own-")
    tree = ast.parse(home.read_text(encoding="utf-8"))
    assert set() == _unread(tmp_path / "whole", "", text=text, copied=ast.unparse(tree))
    forgetful = _Forgetful(field)
    forgotten = ast.unparse(ast.fix_missing_locations(forgetful.visit(tree)))
    assert forgetful.count > 0
    assert {field} == _unread(tmp_path / "without", "", text=text, copied=forgotten)
