import gzip
import io
import os
import stat
import struct
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from interlock.connect.readers import Refusal, opened
from interlock.connect.tests.sources import files, read, values

PLAN = {"keps/a/kep.yaml": "id: a\n", "keps/deep/b/kep.yaml": "id: b\n", "README.md": "# Plan\n"}


def zipped(path: Path, contents: dict[str, bytes | str], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return path


def tarred(path: Path, contents: dict[str, bytes | str], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:
        for name, content in contents.items():
            data = content.encode() if isinstance(content, str) else content
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


@pytest.mark.parametrize("kind", ["folder", "zip", "tar", "tar.gz"])
def test_a_folder_and_its_archives_read_the_same(tmp_path, kind):
    match kind:
        case "folder":
            path = files(tmp_path / "plan", PLAN)
        case "zip":
            path = zipped(tmp_path / "plan.zip", PLAN)
        case _:
            path = tarred(tmp_path / f"plan.{kind}", PLAN, "w:gz" if kind == "tar.gz" else "w")
    assert [(file, data) for file, _, data in read(path, files=["keps/**/kep.yaml"])] == [
        ("keps/a/kep.yaml", {"id": "a"}),
        ("keps/deep/b/kep.yaml", {"id": "b"}),
    ]


def test_a_star_stays_in_its_folder_and_files_can_be_left_out(tmp_path):
    files(tmp_path, PLAN)
    assert [file for file, _, _ in read(tmp_path, files=["keps/*/kep.yaml"])] == ["keps/a/kep.yaml"]
    assert [file for file, _, _ in read(tmp_path, files=["**/kep.yaml"], leaving=["keps/a/*"])] == [
        "keps/deep/b/kep.yaml"
    ]


def test_patterns_and_names_made_to_match_slowly_are_matched_in_one_pass(tmp_path):
    """With a pattern that tries all ways to divide the name, this would outlast us all."""
    name = "a" * 900 + ".csv"
    source = opened(zipped(tmp_path / "plan.zip", {name: "id\n1\n", "a/a/a/b.csv": "id\n2\n"}))
    assert source.matching(["*a" * 99 + "*b"], []) == []
    assert source.matching(["**/" * 40 + "*a" * 30 + "?c"], []) == []
    assert source.matching(["*a" * 99 + "*"], []) == [name]
    assert source.matching(["**/*a*.csv", "a/**/?.csv"], []) == ["a/a/a/b.csv", name]
    assert source.matching(["**/*"], ["a*"]) == ["a/a/a/b.csv"]


@pytest.mark.parametrize(
    "patterns",
    [["a" * 201], ["a"] * 51],
    ids=["long", "many"],
)
def test_more_patterns_than_can_be_meant_are_refused(patterns, tmp_path):
    with pytest.raises(Refusal, match="patterns"):
        opened(zipped(tmp_path / "plan.zip", PLAN)).matching(patterns, [])


def test_a_file_whose_name_is_no_text_is_matched_all_the_same(tmp_path):
    (tmp_path / os.fsdecode(b"caf\xe9.csv")).write_text("id\n1\n")
    assert len(opened(tmp_path).matching(["caf?.csv"], [])) == 1


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_a_name_longer_than_any_name_refuses_the_archive(pack, tmp_path):
    with pytest.raises(Refusal, match="more than 1,000 characters"):
        opened(pack(tmp_path / "plan", {"a" * 1001: "id: 1"}))


def test_hidden_files_and_what_macos_adds_are_not_read(tmp_path):
    path = zipped(tmp_path / "plan.zip", {"a.yaml": "id: 1\n", ".git/b.yaml": "id: 2\n", "__MACOSX/._a.yaml": "x"})
    assert values(path) == [{"id": 1}]


@pytest.mark.parametrize(
    "name", ["../evil.yaml", "/etc/evil.yaml", "a/../../evil.yaml", "..\\evil.yaml", "C:evil.yaml"]
)
def test_paths_that_lead_out_of_an_archive_are_refused(tmp_path, name):
    with pytest.raises(Refusal, match="outside"):
        opened(zipped(tmp_path / "plan.zip", {name: "id: 1\n"}))
    with pytest.raises(Refusal, match="outside"):
        opened(tarred(tmp_path / "plan.tar.gz", {name: "id: 1\n"}))


def test_links_in_archives_are_refused(tmp_path):
    link = zipfile.ZipInfo("passwd.yaml")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "plan.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(Refusal, match="holds a link"):
        opened(tmp_path / "plan.zip")
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE):
        with tarfile.open(tmp_path / "plan.tar", "w") as tar:
            member = tarfile.TarInfo("passwd.yaml")
            member.type, member.linkname = kind, "/etc/passwd"
            tar.addfile(member)
        with pytest.raises(Refusal, match="link or device"):
            opened(tmp_path / "plan.tar")


def test_a_link_out_of_a_folder_is_refused(tmp_path):
    folder = files(tmp_path / "plan", {"a.yaml": "id: 1\n"})
    os.symlink("/etc/hostname", folder / "b.yaml")
    with pytest.raises(Refusal, match="leads out of the folder"):
        opened(folder)


def test_more_than_ten_thousand_files_are_refused(tmp_path):
    with pytest.raises(Refusal, match="more than 10,000 files"):
        opened(zipped(tmp_path / "plan.zip", {f"{n}.yaml": "" for n in range(10_001)}, zipfile.ZIP_STORED))


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_what_unpacks_to_a_hundred_times_its_size_is_refused(tmp_path, kind):
    bomb = {"a.yaml": b"0" * 2_000_000}
    path = zipped(tmp_path / "b.zip", bomb) if kind == "zip" else tarred(tmp_path / "b.tar.gz", bomb)
    with pytest.raises(Refusal, match="unpacks to more than 100 times its size"):
        opened(path)


def test_an_archive_of_more_than_200_mb_is_refused_before_unpacking(tmp_path):
    noise = os.urandom(2_000_000) + b"0" * 100_000_000
    with pytest.raises(Refusal, match="holds more than 200 MB"):
        opened(zipped(tmp_path / "plan.zip", {"a.csv": noise, "b.csv": noise[:-1]}))


def test_a_zip_that_lies_about_sizes_is_found_out_while_reading(tmp_path):
    path = zipped(tmp_path / "plan.zip", {"a.csv": "Title\n" + "Refunds\n" * 1000})
    data = bytearray(path.read_bytes())
    entry = data.rindex(b"PK\x01\x02")
    struct.pack_into("<I", data, entry + 24, 20)
    path.write_bytes(data)
    with pytest.raises(Refusal, match="damaged"):
        values(path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"PK\x03\x04 and then nothing", "not a readable zip"),
        (gzip.compress(b"no tar at all" * 100, mtime=0), "not a readable tar"),
        (b"\x1f\x8b\x08 broken", "not a readable tar"),
        (b"7z\xbc\xaf\x27\x1c", "send it as zip or tar.gz"),
    ],
)
def test_what_only_claims_to_be_an_archive_is_refused(tmp_path, content, reason):
    with pytest.raises(Refusal, match=reason):
        opened(files(tmp_path, {"plan.zip": content}) / "plan.zip")


def test_an_excel_file_is_recognised(tmp_path):
    with pytest.raises(Refusal, match="Save it as CSV"):
        opened(zipped(tmp_path / "plan.xlsx", {"[Content_Types].xml": "<Types/>"}))


def test_encrypted_and_unusually_packed_archives_are_refused(tmp_path):
    path = zipped(tmp_path / "plan.zip", {"a.yaml": "id: 1\n"}, zipfile.ZIP_LZMA)
    with pytest.raises(Refusal, match="unusual way"):
        opened(path)


def test_a_long_header_cannot_fill_the_memory(tmp_path):
    member = tarfile.TarInfo("a.yaml")
    member.pax_headers = {"comment": "x" * 2_000_000}
    with tarfile.open(tmp_path / "plan.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(member)
    with pytest.raises(Refusal, match="header of more than 1 MB"):
        opened(tmp_path / "plan.tar")


# What is written again and again, between a beginning and an end.
BOMBS = {
    "a long list.json": (b"[", b"[" + b"0," * 499 + b"0],", b"[]]"),
    "one record.json": (b"[[", b"[],", b"[]]]"),
    "one text.json": (b'["', b"x", b'"]'),
    "one line.csv": (b"Title\n", b"x", b""),
    "one cell.csv": (b'Title\n"', b"x\n", b'"'),
    "values.yaml": (b"", b"- x\n", b""),
}
READ_ALL = """
import re, sys
from pathlib import Path
from interlock.connect.readers import Reading, Refusal, Remarks, opened
def peak(): return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
before, path = peak(), Path(sys.argv[1])
try:
    source = opened(path)
    for record in Reading(steps=["[]"]).records(source, path.name, Remarks()):
        pass
except Refusal as refusal:
    print(refusal, file=sys.stderr)
print((peak() - before) // 1024)
"""


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_costs_at_most_100_mb_of_memory(tmp_path, figures, bomb):
    size = figures.count("bytes", reduced=30_000_000, full=195_000_000)
    start, again, end = BOMBS[bomb]
    path = tmp_path / bomb
    with path.open("wb") as file:
        file.write(start)
        for _ in range(size // 3_000_000):
            file.write(again * (3_000_000 // len(again)))
        file.write(end)
    run = subprocess.run([sys.executable, "-c", READ_ALL, str(path)], capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    figures.measured(bomb, f"+{run.stdout.strip()} MB of memory; {run.stderr.strip()[:160] or 'read through'}")
    assert int(run.stdout) <= 100
