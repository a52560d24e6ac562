"""The reference pages name everything there is, generated ones are up to date, and no link leads nowhere."""

import importlib.util
import re
from dataclasses import fields
from pathlib import Path
from types import ModuleType

import pytest

from daypass import errors as daypass_errors
from daypass.errors import DaypassError
from daypass.policy.operators import OPERATORS
from daypass.protocol.aws import errors as aws_errors
from daypass.protocol.oauth import errors as oauth_errors
from daypass.server.domain.managed_policies import SHIPPED_POLICIES
from daypass.server.gateway import errors as gateway_errors
from daypass.server.settings import Settings
from daypass.server.settings.identity_providers import MEMBERS as PROVIDER_MEMBERS

REPOSITORY = Path(__file__).parents[2]
DOCS = REPOSITORY / "docs"
REFERENCE = DOCS / "reference"
PAGES = sorted([*DOCS.rglob("*.md"), *REPOSITORY.glob("*.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def _generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "generate_reference", REPOSITORY / "tools" / "generate_reference.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATOR = _generator()


def _read(name: str) -> str:
    return (REFERENCE / name).read_text(encoding="utf-8")


def _without_fences(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)


def _anchor(heading: str) -> str:
    """As code hosts make anchors: lower case, marks dropped, spaces to hyphens."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("name", sorted(GENERATOR.PAGES))
def test_a_generated_page_is_up_to_date(name: str) -> None:
    assert _read(name) == GENERATOR.PAGES[name](), "run: make docs"


@pytest.mark.parametrize("name", sorted(GENERATOR.other_files()))
def test_a_generated_file_is_up_to_date(name: str) -> None:
    assert (REPOSITORY / name).read_text(encoding="utf-8") == GENERATOR.other_files()[name], "run: make docs"


def test_every_setting_is_documented() -> None:
    headings = set(HEADING.findall(_read("settings.md")))
    assert {f"`{each.name}`" for each in fields(Settings)} <= headings


def test_every_option_of_every_command_is_documented() -> None:
    sections = dict(re.findall(r"^## `daypass ([^`]+)`$(.*?)(?=^## |\Z)", _read("cli.md"), re.M | re.S))
    commands = dict(GENERATOR.command_parsers())
    assert set(sections) == set(commands)
    for words, parser in commands.items():
        options = {option for action in parser._actions for option in action.option_strings}
        written = set(re.findall(r"`(--[\w-]+)", sections[words]))
        assert options - {"-h", "--help"} == written, words


@pytest.mark.parametrize("module", [daypass_errors, oauth_errors, aws_errors, gateway_errors])
def test_every_error_class_is_documented(module: ModuleType) -> None:
    page = _read("errors.md")
    abstract = {"DaypassError", "SignInError", "AwsError", "AuthorizationError"}
    named = {
        name
        for name, value in vars(module).items()
        if isinstance(value, type)
        and issubclass(value, DaypassError)
        and value.__module__ == module.__name__
        and not name.startswith("_")
    }
    assert named - abstract == {name for name in named if f"`{name}`" in page} - abstract


def test_every_exit_code_is_documented() -> None:
    codes = {
        value.exit_code
        for module in (daypass_errors, oauth_errors, aws_errors, gateway_errors)
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, DaypassError)
    }
    assert codes <= {int(code) for code in re.findall(r"^\| (\d+) \|", _read("exit-codes.md"), re.MULTILINE)}


def test_every_endpoint_is_documented() -> None:
    web = REPOSITORY / "src" / "daypass" / "server"
    files = [web / "web" / name for name in ("pages.py", "broker.py", "own_parts.py", "admin_parts.py")]
    pages = "".join(file.read_text(encoding="utf-8") for file in files)
    routes = re.findall(r'Route\("([^"]+)", [\w.]+, methods=\["(\w+)"\]\)', pages)
    routes = [(method, path) for path, method in routes]
    assert len(routes) == pages.count(" Route(")
    routes += [("GET", f"{path}/") for path in re.findall(r'Mount\("([^"]+)"', pages)]
    routes += re.findall(r'\("(GET|POST)", "([^"]+)"\):', (web / "app.py").read_text(encoding="utf-8"))
    metadata = (web / "web" / "metadata.py").read_text(encoding="utf-8")
    routes += [("GET", path) for path in re.findall(r'"(/\.well-known/[^"]+)":', metadata)]
    assert len(routes) >= 18
    written = set(re.findall(r"^\| `(\w+) ([^`…]+)…?`", _read("endpoints.md"), re.MULTILINE))
    assert set(routes) == written


def test_every_operator_and_shipped_policy_is_documented() -> None:
    page = _read("policy-language.md")
    assert [name for name in (*OPERATORS, "Null") if f"`{name}`" not in page] == []
    assert [
        each.policy_name for each in SHIPPED_POLICIES.values() if f"`{each.policy_name}`" not in page
    ] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(_without_fences(page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        if anchor:
            headings = HEADING.findall(_without_fences(file.read_text(encoding="utf-8")))
            assert anchor in {_anchor(heading) for heading in headings}, target


def test_the_index_names_every_page() -> None:
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    linked = {(DOCS / target.partition("#")[0]).resolve() for target in LINK.findall(index)}
    pages = [page for page in DOCS.rglob("*.md") if page.name != "README.md"]
    missing = [str(page.relative_to(DOCS)) for page in pages if page.resolve() not in linked]
    assert missing == [], "add it to docs/README.md"


def test_settings_that_pages_show_exist() -> None:
    names = {each.name for each in fields(Settings)} | set(PROVIDER_MEMBERS)
    for page in PAGES:
        for block in re.findall(r"^```toml\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S):
            assert set(re.findall(r"^(\w+) = ", block, re.MULTILINE)) <= names, page


def test_commands_that_pages_show_exist_with_their_options() -> None:
    commands = dict(GENERATOR.command_parsers())
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for block in re.findall(r"^```(?:sh|console|ini)\n(.*?)^```", text, re.M | re.S):
            for line in re.findall(r"daypass ((?:up|serve|server|log|status|cred|console)[^\n&>|]*)", block):
                words = re.sub(r"'[^']*'", "''", line).split()  # another program's options stand in quotes
                name = next((n for n in (" ".join(words[:k]) for k in (3, 2, 1)) if n in commands), "")
                assert name, f"{page}: {line}"
                known = {option for action in commands[name]._actions for option in action.option_strings}
                assert {word for word in words if word.startswith("--")} <= known, f"{page}: {line}"


def test_the_picture_is_small() -> None:
    picture = DOCS / "pictures" / "sign-in.png"
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size <= 120 * 1024
