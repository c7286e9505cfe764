from concurrent.futures import ThreadPoolExecutor

import pytest

from interlock.config import home


def test_the_key_is_made_once_and_is_its_owners_alone(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(home.secret_key, [tmp_path / "new"] * 8))
    assert len(keys) == 1
    assert len(keys.pop()) > 60
    assert (tmp_path / "new" / "key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["key"]


def test_a_key_from_the_environment_needs_no_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("INTERLOCK_SECRET_KEY", "from elsewhere")
    assert home.secret_key(tmp_path / "new") == "from elsewhere"
    assert not (tmp_path / "new").exists()


def test_a_folder_or_key_that_cannot_be_used_is_a_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(home.UnusableHome, match=r"cannot be created .* Set INTERLOCK_HOME"):
        home.secret_key(tmp_path / "file" / "below")
    (tmp_path / "key").mkdir()
    with pytest.raises(home.UnusableHome, match=r"The key .* cannot be read \(Is a directory\)"):
        home.secret_key(tmp_path)


def test_the_folder_is_the_named_one_else_the_users(monkeypatch, tmp_path):
    monkeypatch.setenv("INTERLOCK_HOME", str(tmp_path))
    assert home.home() == tmp_path
    monkeypatch.delenv("INTERLOCK_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert str(home.home()) == "/data/interlock"
