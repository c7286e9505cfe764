"""Where an installation keeps its data: one folder, named by INTERLOCK_HOME."""

import contextlib
import os
import secrets
import tempfile
from pathlib import Path


def home() -> Path:
    named = os.environ.get("INTERLOCK_HOME")
    if named:
        return Path(named).expanduser().resolve()
    data = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(data).expanduser() / "interlock"


class UnusableHome(Exception):
    """The data folder cannot be created or written; the message says which and what to do."""


def prepare(folder: Path) -> Path:
    """Create the folder if need be, readable by its owner alone."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise UnusableHome(
            f"The data folder {folder} cannot be created ({error.strerror}). "
            "Set INTERLOCK_HOME to a folder that you may write to."
        ) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UnusableHome(
            f"The data folder {folder} is read-only. Set INTERLOCK_HOME to a folder that you may write to."
        )
    return folder


def secret_key(folder: Path) -> str:
    """The key that signs sessions and encrypts secrets: from the environment, else a file made once.

    It lives outside the database, so that a stolen backup alone opens nothing.
    """
    named = os.environ.get("INTERLOCK_SECRET_KEY")
    if named:
        return named
    path = prepare(folder) / "key"
    try:
        if not path.exists():
            make_key(path)
        return path.read_text().strip()
    except OSError as error:
        raise UnusableHome(f"The key {path} cannot be read ({error.strerror}).") from error


def make_key(path: Path) -> None:
    """Several processes may start at once: the key appears whole, and the first one stays."""
    descriptor, draft = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(64))
    with contextlib.suppress(FileExistsError):
        os.link(draft, path)
    os.unlink(draft)
