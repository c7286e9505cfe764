"""The documentation says what is there, and nothing else."""

import json
import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

from interlock.config.cli import ALIASES

ROOT = Path(__file__).parent.parent


def first_column(page):
    """What stands in the first column of the tables, headings and rules left out."""
    rows = re.findall(r"^\| (.+?) \|", (ROOT / page).read_text(), re.MULTILINE)
    return [row.strip("`") for row in rows if row not in ("setting", "package", "---")]


def locked(name):
    return re.findall(r"^([\w.-]+)==", (ROOT / "requirements" / name).read_text(), re.MULTILINE)


def named(requirement):
    return re.match(r"[\w.-]+", requirement)[0]


def test_every_setting_is_documented_once():
    code = "".join((ROOT / "src/interlock/config" / name).read_text() for name in ("settings.py", "home.py"))
    read = re.findall(r'env(?:iron)?\.\w+\(\s*"(\w+)"', code)
    assert sorted(first_column("docs/configuration.md")) == sorted(set(read) - {"XDG_DATA_HOME"})


def test_every_dependency_is_documented_with_its_reason():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    python = [*project["project"]["dependencies"]]
    for group in project["dependency-groups"].values():
        python += group
    npm = json.loads((ROOT / "frontend/package.json").read_text())
    ours = [named(each) for each in python] + [*npm["dependencies"], *npm["devDependencies"]]
    assert sorted(first_column("docs/dependencies.md"), key=str.lower) == sorted(ours, key=str.lower)


def test_the_lock_holds_every_dependency_and_names_no_host():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert {named(each).lower() for each in project["project"]["dependencies"]} <= set(locked("base.txt"))
    assert not [lock.name for lock in (ROOT / "requirements").iterdir() if "://" in lock.read_text()]
    assert '"resolved"' not in (ROOT / "frontend/package-lock.json").read_text()


def test_nothing_that_is_needed_to_run_is_under_the_gpl():
    for name in locked("base.txt"):
        try:
            about = metadata.metadata(name)
        except metadata.PackageNotFoundError:
            continue  # another platform's
        # The name, not the text: that of SciPy also tells of GCC's libraries, which the exception lets anybody link.
        licence = " ".join([about.get("License-Expression") or "", (about.get("License") or "").partition("\n")[0]])
        licence += " ".join(kind for kind in about.get_all("Classifier") or [] if kind.startswith("License"))
        assert not re.search(r"(?<!L)(?<!Lesser )A?GPL|GNU (Affero )?General", licence), name


def test_every_locked_package_has_its_hashes():
    for name in ("base.txt", "dev.txt", "build.txt", "uv.txt"):
        text = (ROOT / "requirements" / name).read_text()
        entries = re.split(r"^(?=[\w.-]+(?:\[[\w,-]+\])?==)", text, flags=re.MULTILINE)[1:]
        assert len(entries) > 0
        assert not [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry]
    npm = json.loads((ROOT / "frontend/package-lock.json").read_text())["packages"]
    assert not [path for path, one in npm.items() if path and not one.get("link") and "integrity" not in one]


def test_every_promise_names_tests_that_there_are():
    text = (ROOT / "docs/promises.md").read_text()
    for file, name in re.findall(r"`((?:src|tests)/[\w/]+\.py)(?:::(\w+))?`", text):
        assert (ROOT / file).is_file(), file
        assert not name or re.search(rf"^def {name}\(", (ROOT / file).read_text(), re.MULTILINE), f"{file}::{name}"


def test_every_promise_that_holds_is_in_the_table():
    promised = {
        int(number) for number in re.findall(r"^\| (\d+) ", (ROOT / "docs/promises.md").read_text(), re.MULTILINE)
    }
    assert promised >= {*range(1, 11), 12, 13, *range(15, 24), 27, 30}


# --- what pages lead to ------------------------------------------------------------------------------

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("examples/*/README.md")])
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
IMAGE = re.compile(r"(?:src|srcset)=\"([^\"]+)\"")


def anchors(page):
    """As the readers of Markdown make them of headings."""
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", page.read_text()), re.MULTILINE)
    plain = [re.sub(r"[^\w\s-]", "", heading.lower()) for heading in headings]
    return {re.sub(r"\s+", "-", heading.strip()) for heading in plain}


@pytest.mark.parametrize("document", PAGES, ids=lambda document: str(document.relative_to(ROOT)))
def test_every_link_leads_somewhere(document):
    prose = re.sub(r"`[^`\n]+`", "", FENCED.sub("", document.read_text()))
    for link in LINK.findall(prose) + IMAGE.findall(prose):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), f"{link} leads nowhere"
        assert not anchor or anchor in anchors(target), f"{link}: {target.name} has no such heading"


def test_the_site_links_to_nothing_outside_of_it():
    for page in (ROOT / "docs").rglob("*.md"):
        for link in LINK.findall(FENCED.sub("", page.read_text())):
            if not re.match(r"[a-z]+:|#", link):
                assert (page.parent / link.partition("#")[0]).resolve().is_relative_to(ROOT / "docs"), f"{page}: {link}"


def test_every_page_is_in_the_navigation_and_on_the_first_page():
    pages = {str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md")}
    pages -= {page for page in pages if page.startswith("rules/")} - {"rules/index.md"}
    navigation = re.findall(r"^ +- (\S+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE)
    assert sorted(navigation) == sorted(pages)
    assert set(LINK.findall((ROOT / "docs/index.md").read_text())) == pages - {"index.md"}


# --- the commands that they show ---------------------------------------------------------------------


def shown(command):
    """Where a command is called, in code: the page, and the words that follow it."""
    called = re.compile(rf"(?:^\s*|^[A-Z_]+=\S+ |bin/){command} ([^#|)'`]+)")
    for page in PAGES:
        text = page.read_text()
        lines = [line for block in FENCED.findall(text) for line in block.splitlines()[1:-1]]
        for code in lines + re.findall(r"`([^`\n]+)`", FENCED.sub("", text)):
            if found := called.search(code):
                yield page.relative_to(ROOT), found[1].split()


def test_every_command_that_is_shown_exists_with_its_options():
    commands = get_commands()
    for page, (name, *rest) in shown("interlock"):
        if not re.fullmatch(r"[a-z_]+", name):
            continue
        command = ALIASES.get(name, name)
        assert command in commands, f"{page}: interlock {name}"
        known = load_command_class(commands[command], command).create_parser("interlock", command)
        options = {option for action in known._actions for option in action.option_strings}
        assert {word.split("=")[0] for word in rest if word.startswith("--")} <= options, f"{page}: interlock {name}"


def test_every_target_that_is_shown_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page, words in shown("make"):
        for word in words:
            if not re.fullmatch(r"[a-z-]+", word):
                break
            assert word in targets, f"{page}: make {word}"


def test_every_target_has_a_line_of_help():
    phony = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1].split()
    helped = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    # Those without are parts of `test`.
    assert set(phony) - helped == {"unit", "postgresql", "browser-tests", "browser"}
