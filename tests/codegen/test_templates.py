"""A project's own templates of generated files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from arctic_training.codegen.templates import TEMPLATES
from arctic_training.project.resources import resource
from tests.support import DEFINITION, Result, arctic_gen, write

TRAINER = "generated/arctic_trainers/mine/trainer.py"


def _generate(folder: Path) -> Result:
    return arctic_gen("new-trainer", "--no-verify", "mine.yaml", folder=folder)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project in which a trainer was generated."""
    write(tmp_path / "pyproject.toml", "")
    write(tmp_path / "mine.yaml", DEFINITION)
    assert _generate(tmp_path).code == 0
    return tmp_path


def _own(folder: Path, name: str, old: str, new: str) -> Path:
    """Eject a template and change it; return its path."""
    assert arctic_gen("templates", "eject", name, folder=folder).code == 0
    path = folder / "arctic_templates" / name
    text = path.read_text("utf-8")
    assert old in text
    return write(path, text.replace(old, new, 1))


@pytest.mark.parametrize("name", TEMPLATES)
def test_an_ejected_template_makes_the_same(name: str, project: Path) -> None:
    """As long as nothing is changed in it, an own template makes what the shipped one does."""
    assert arctic_gen("templates", "eject", name, folder=project).code == 0
    assert arctic_gen("check", "--no-verify", folder=project).code == 0
    same = f"arctic_templates/{name}: no difference from the shipped one\n"
    for named in ((), (name,)):
        assert arctic_gen("templates", "diff", *named, folder=project) == (0, same, "")
    listed = arctic_gen("templates", "list", folder=project).out.splitlines()
    own = [line for line in listed if "arctic_templates" in line]
    assert own == [f"{name}: arctic_templates/{name}"]


def test_an_own_template_makes_the_file_and_no_other(project: Path) -> None:
    """What is changed in one template shows in its file alone; the diff shows the change."""
    _own(project, "trainer.py.j2", '"""{{ view.doc }}"""', '"""{{ view.doc }} Ours."""')
    done = _generate(project)
    assert (done.code, done.out.splitlines()[0]) == (0, f"update {TRAINER}")
    assert "6 generated files stay as they are\n" in done.out
    assert 'trainer. Ours."""' in (project / TRAINER).read_text("utf-8")
    assert '+    """{{ view.doc }} Ours."""' in arctic_gen("templates", "diff", folder=project).out


_ENDLESS = "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}"
MISTAKES = {
    "misspelt": ("view.class_name }}", "view.clas_name }}", 15, "did you mean `class_name`?"),
    "name": ("{{ view.base }}", "{{ veiw.base }}", 32, "did you mean `view`?"),
    "loop": ("in view.slots %}", "in view.slot %}", 21, "did you mean `slots`?"),
    "syntax": ("{% for slot in view.slots %}", "{% for slot in %}", 1, ""),
    "unclosed": ("class {{ view.class_name }}", "class {{ view.class_name }", 1, ""),
    "private": ("{{ view.name }}", "{{ view.__class__.__mro__ }}", 1, "unsafe"),
    "raw text": ("{{ view.name }}", "{{ view.slots }}", 1, "is not code"),
    "missing include": ("{{ view.name }}", "{% include '/etc/passwd' %}", 1, "passwd"),
    "arithmetic": ("{{ view.name }}", "{{ 1 / 0 }}", 1, "do not compute"),
    "no end": (
        "{{ view.name }}",
        "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}",
        1,
        "recursion",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_an_own_template_is_shown_in_it(mistake: str, project: Path) -> None:
    """Whatever goes wrong in an own template is an error at its line, and nothing is written."""
    old, new, column, said = MISTAKES[mistake]
    before = (project / TRAINER).read_bytes()
    path = _own(project, "trainer.py.j2", old, new)
    lines = path.read_text("utf-8").splitlines()
    line = next(number for number, text in enumerate(lines, 1) if new in text)
    for command in (("new-trainer", "--no-verify", "mine.yaml"), ("check", "--no-verify")):
        done = arctic_gen(*command, folder=project)
        assert (done.code, done.err) == (1, "")
        place = f"arctic_templates/trainer.py.j2:{line}:{column}: "
        assert done.out.startswith(f"{place}error[template-error]: ")
        assert said in done.out
    assert (project / TRAINER).read_bytes() == before


@pytest.mark.parametrize(
    "command",
    [("new-trainer", "--no-verify", "mine.yaml"), ("check", "--no-verify"), ("templates", "diff")],
)
def test_a_template_that_is_no_text_is_named(command: tuple[str, ...], project: Path) -> None:
    """Bytes that are no UTF-8 are a mistake of the project's, in whichever template."""
    place = project / "arctic_templates" / "shared.j2"
    write(place, "")
    place.write_bytes(b"{# \xff #}")
    done = arctic_gen(*command, folder=project)
    assert (done.code, done.err) == (
        2,
        "error: arctic_templates/shared.j2: the text is not UTF-8\n",
    )


def test_what_a_template_makes_is_python(project: Path) -> None:
    """An own template that makes no Python is an error there, not one of the formatter."""
    _own(project, "config.py.j2", "class {{", "clas {{")
    done = _generate(project)
    assert done.code == 1
    assert "arctic_templates/config.py.j2:1:1: error[template-error]" in done.out
    assert "arctic_trainers/mine/config.py, which it makes, is not valid Python" in done.out


def test_a_template_that_stands_for_none_is_refused(project: Path) -> None:
    """A misspelt name, or that of a template which is not for generated files, is an error."""
    for name, said in (
        ("trainr.py.j2", "did you mean `trainer.py.j2`?"),
        ("loss.py.j2", "those of generated files are config.py.j2"),
    ):
        path = write(project / "arctic_templates" / name, "")
        done = _generate(project)
        assert (done.code, "error[unknown-template]" in done.out) == (1, True)
        assert said in done.out
        path.unlink()
    write(project / "arctic_templates/ours.j2", "# ours\n")
    _own(project, "trainer.py.j2", "class {{", '{% include "ours.j2" %}\nclass {{')
    assert _generate(project).code == 0
    assert "# ours" in (project / TRAINER).read_text("utf-8")


def test_a_base_that_moved_is_a_warning_with_its_diff(project: Path) -> None:
    """When the shipped template is another one, its change is shown until it is noted."""
    path = _own(project, "trainer.py.j2", "", "")
    first = project / "arctic_templates/.base/trainer.py.j2"
    old = first.read_text("utf-8").replace("loss(self, batch:", "loss(self, it:")
    write(first, old)
    path.write_text(re.sub("sha256:[0-9a-f]{64}", f"sha256:{'0' * 64}", path.read_text("utf-8")))
    for command in (("new-trainer", "--no-verify", "mine.yaml"), ("check", "--no-verify")):
        done = arctic_gen(*command, folder=project)
        assert done.code == 0
        assert "arctic_templates/trainer.py.j2:1:1: warning[template-moved]" in done.out
        assert "-    def loss(self, it:" in done.out
        assert "+    def loss(self, batch:" in done.out
    assert "whose base has changed" in arctic_gen("templates", "list", folder=project).out
    assert "-    def loss(self, it:" in arctic_gen("templates", "diff", folder=project).out
    own = path.read_text("utf-8").splitlines()[1:]
    noted = arctic_gen("templates", "eject", "--note", "trainer.py.j2", folder=project)
    assert noted.code == 0
    assert path.read_text("utf-8").splitlines()[1:] == own
    assert first.read_bytes() == resource("templates/trainer.py.j2").read_bytes()
    assert arctic_gen("check", "--no-verify", folder=project).code == 0


def test_the_list_says_of_stubs_that_they_have_no_own_template(project: Path) -> None:
    """Whoever looks for the template of a loss or a recipe reads why there is none to override."""
    *_, last = arctic_gen("templates", "list", folder=project).out.splitlines()
    assert last == (
        "definitions, recipes, losses and other stubs, begun or to be pasted: "
        "not to be overridden, as what is begun is yours from then on"
    )


def test_a_diff_without_an_own_template_says_so(project: Path) -> None:
    """Where nothing can differ, that is what is said."""
    all_shipped = (0, "all templates are the shipped ones\n", "")
    assert arctic_gen("templates", "diff", folder=project) == all_shipped
    shipped = (0, "trainer.py.j2 is the shipped one\n", "")
    assert arctic_gen("templates", "diff", "trainer.py.j2", folder=project) == shipped


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("eject", "trainr.py.j2"), "did you mean `trainer.py.j2`?"),
        (("eject", "x"), "known here: `config.py.j2`"),
        (("diff", "config.j2"), "did you mean `config.py.j2`?"),
        (("eject", "--note", "config.py.j2"), "there is no arctic_templates/config.py.j2"),
        (("eject", "macros.j2"), "is there already, and is not written to"),
        (("eject", "loss.py.j2"), "cannot be overridden: what is begun is yours from then on"),
    ],
)
def test_a_command_that_cannot_be_done_says_why(
    arguments: tuple[str, ...], said: str, project: Path
) -> None:
    """No template of that name, nothing to note in, and nothing that is overwritten."""
    path = write(project / "arctic_templates/macros.j2", "mine")
    done = arctic_gen("templates", *arguments, folder=project)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert path.read_text("utf-8") == "mine"


@pytest.mark.parametrize("place", ["config.py.j2", ".base/config.py.j2"])
def test_a_link_is_not_written_through(place: str, project: Path) -> None:
    """`eject` writes no file elsewhere by way of a link to nothing."""
    path = project / "arctic_templates" / place
    path.parent.mkdir(parents=True)
    path.symlink_to(project / "elsewhere.j2")
    done = arctic_gen("templates", "eject", "config.py.j2", folder=project)
    assert (done.code, "config.py.j2" in done.err) == (2, True)
    assert not (project / "elsewhere.j2").exists()
