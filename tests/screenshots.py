"""The pictures of the README, taken of the demo: `python -m tests.screenshots`."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Page, sync_playwright

IMAGES = Path(__file__).parent.parent / "docs" / "images"
SIZE = {"width": 1440, "height": 900}
EDITOR = "ada@northwind.example"
PATIENCE = 600  # seconds to fill the demo, on a busy machine
LARGEST = 300_000


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    with demo() as (address, password), sync_playwright() as playwright:
        sandbox = [] if os.geteuid() else ["--no-sandbox"]  # Chromium refuses its sandbox to root
        found = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=found, args=sandbox)
        page = browser.new_page(base_url=address, viewport=SIZE, reduced_motion="reduce")
        sign_in(page, password)
        for theme, name in ("light", "alignment.png"), ("dark", "alignment-dark.png"):
            page.emulate_media(color_scheme=theme)
            page.goto("/northwind/alignment/")
            page.wait_for_load_state("networkidle")
            page.screenshot(path=IMAGES / name)
            size = (IMAGES / name).stat().st_size
            sys.stdout.write(f"{name}: {size / 1000:.0f} kB\n")
            if size > LARGEST:
                sys.exit(f"{name} is too large for a README.")
        browser.close()


@contextmanager
def demo() -> Iterator[tuple[str, str]]:
    """A demo of its own, served; its address and password."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with TemporaryDirectory(prefix="interlock-screenshots-") as home:
        process = subprocess.Popen(
            [sys.executable, "-m", "interlock.config.cli", "demo", "--serve", "--port", str(port)],
            env={**os.environ, "INTERLOCK_HOME": home, "DJANGO_SETTINGS_MODULE": "interlock.config.settings"},
        )
        try:
            address = f"http://127.0.0.1:{port}"
            wait_for(address, process)
            yield address, Path(home, "demo-password").read_text()
        finally:
            process.terminate()
            process.wait(15)


def wait_for(address: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            sys.exit("The demo ended.")
        try:
            urllib.request.urlopen(f"{address}/offline/", timeout=5)
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    sys.exit("The demo was not served in time.")


def sign_in(page: Page, password: str) -> None:
    page.goto("/accounts/login/")
    page.fill("[name=login]", EDITOR)
    page.fill("[name=password]", password)
    page.keyboard.press("Enter")
    page.wait_for_url("**/northwind/")


if __name__ == "__main__":
    main()
