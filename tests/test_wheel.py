"""The package holds what it needs, and nothing else: installed without the repository, it serves and shows its demo."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
UV = shutil.which("uv", path=Path(sys.executable).parent) or shutil.which("uv")
BUNDLE = "interlock/web/static/build/"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built here, with what is installed: nothing is fetched."""
    if UV is None:
        pytest.skip("uv builds the wheel, and is not here")
    folder = tmp_path_factory.mktemp("wheel")
    built = subprocess.run(
        [UV, "build", "--wheel", "--offline", "--quiet", "--python", sys.executable, "--out-dir", folder, ROOT],
        capture_output=True,
        text=True,
        check=False,
    )
    if "offline" in built.stderr or "cache" in built.stderr:
        pytest.skip("hatchling is not in uv's cache, and nothing is fetched here")
    assert built.returncode == 0, built.stderr
    [path] = folder.glob("*.whl")
    with zipfile.ZipFile(path) as opened:
        yield opened


def test_it_holds_all_that_is_not_a_test(wheel):
    source = ROOT / "src"
    files = {path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file()}
    files = {name for name in files if "/tests/" not in name and "__pycache__" not in name}
    assert {name for name in wheel.namelist() if name.startswith("interlock/")} - files == examples()
    assert files - set(wheel.namelist()) == set()


def examples():
    folder = ROOT / "examples"
    return {f"interlock/examples/{path.relative_to(folder)}" for path in folder.rglob("*") if path.is_file()}


def test_it_holds_no_tests_source_maps_or_packages_of_node(wheel):
    unwanted = ("/tests/", ".map", "node_modules", ".ts", "package.json", "__pycache__")
    assert [name for name in wheel.namelist() if any(part in name for part in unwanted)] == []


def test_it_holds_scripts_styles_and_type(wheel):
    assert {"app.js", "app.css", "worker.js", "inter-latin-wght-normal.woff2"} <= {
        name.removeprefix(BUNDLE) for name in wheel.namelist()
    }


def test_what_others_wrote_is_in_it_with_their_licences(wheel):
    told = wheel.read(f"{BUNDLE}licences.txt").decode()
    for package in ("@fontsource-variable/inter", "htmx.org", "idiomorph", "sortablejs"):
        assert f"{package} " in told
    assert "SIL Open Font License" in told
    assert "Permission is hereby granted" in told
    assert any(name.endswith("dist-info/licenses/LICENSE") for name in wheel.namelist())
    assert "interlock/examples/kubernetes/NOTICE" in wheel.namelist()


def test_it_is_small(wheel):
    assert Path(wheel.filename).stat().st_size < 3_000_000
