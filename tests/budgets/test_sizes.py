"""Size budgets: a file nobody can hold in the head is where ugliness lives."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "daypass"
FILES = sorted(SOURCE.rglob("*.py"))

LONGEST_FILE = 400
LONGEST_FUNCTION = 60
MOST_PARAMETERS = 8

MORE_PARAMETERS = {
    "server/domain/principal.py:authorize": "the one question to the policy engine: who, what, and every circumstance by name",
    "server/domain/assumed_role.py:issue_assumed_role": "all that a role session is made of, by name, from every way into a role",
    "server/flows/assume_role.py:assume_role": "the operation's own parameters, by the names of the STS reference",
    "server/gateway/app.py:build_gateway_app": "a builder: every dependency by name, called once by the composition root",
}
"""`file:function` to the reason why it may have more parameters."""


def _name(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_a_file_is_short_and_opens_with_its_law(path: Path) -> None:
    """At most 400 lines, and a module docstring unless it is empty."""
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGEST_FILE
    if text.strip():
        assert ast.get_docstring(ast.parse(text)), "the file does not say its law"


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_functions_are_short_and_take_few_parameters(path: Path) -> None:
    """At most 60 lines and 8 parameters (composition roots are named exceptions)."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or 0) - node.lineno + 1
            assert lines <= LONGEST_FUNCTION, f"{node.name} has {lines} lines"
            count = len(node.args.posonlyargs) + len(node.args.args) + len(node.args.kwonlyargs)
            count -= bool(node.args.args and node.args.args[0].arg in ("self", "cls"))
            key = f"{_name(path)}:{node.name}"
            assert count <= MOST_PARAMETERS or key in MORE_PARAMETERS, f"{key} takes {count} parameters"
