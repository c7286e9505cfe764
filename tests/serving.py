"""A whole installation, as its users meet it: server processes, a worker, and a mail server that keeps what it gets."""

import os
import signal
import socket
import socketserver
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import psutil
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore

from interlock.workspaces.models import User
from tests.waiting import eventually


class Mailbox(socketserver.ThreadingTCPServer):
    """Speaks as much SMTP as it takes to be sent mails."""

    allow_reuse_address = daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.messages: list[EmailMessage] = []

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def wait_for(self, address: str, *, seconds: float = 20) -> EmailMessage:
        """The newest mail to that address."""
        return eventually(lambda: [one for one in self.messages if address in str(one["To"])], seconds)[-1]

    def link_to(self, address: str) -> str:
        words = self.wait_for(address).get_content().split()
        return str(next(word for word in words if word.count("/") > 3))


class _Conversation(socketserver.StreamRequestHandler):
    server: Mailbox

    def handle(self) -> None:
        self.say("220 ready")
        while line := self.rfile.readline():
            command = line.decode().strip().upper()
            if command == "DATA":
                self.say("354 go on")
                self.server.messages.append(self.message())
            if command == "QUIT":
                return self.say("221 bye")
            self.say("250 well")
        return None

    def say(self, what: str) -> None:
        self.wfile.write(f"{what}\r\n".encode())

    def message(self) -> EmailMessage:
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        return message_from_bytes(b"".join(lines), policy=policy.default)  # type: ignore[return-value]


@dataclass
class Served:
    url: str
    mailbox: Mailbox
    log: Path

    def session_of(self, user: User) -> str:
        """The cookie of somebody who is signed in."""
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.create()
        assert session.session_key
        return session.session_key

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")


@contextmanager
def serving(environment: dict[str, str], log: Path) -> Iterator[Served]:
    """Serve that database until the block ends; nothing that was started here outlives it."""
    with Mailbox() as mailbox, log.open("wb") as written, socket.socket() as probe:
        threading.Thread(target=mailbox.serve_forever, daemon=True).start()
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        url = f"http://localhost:{port}"
        told = {"EMAIL_URL": f"smtp://127.0.0.1:{mailbox.port}", "INTERLOCK_BASE_URL": url}
        process = subprocess.Popen(
            [sys.executable, "-m", "interlock.config.cli", "serve", "--port", str(port), "--processes", "1"],
            env={**environment, **told},
            stdout=written,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            eventually(lambda: _answers(url, process, log))
            yield Served(url, mailbox, log)
        finally:
            _end(process)
            mailbox.shutdown()


def _answers(url: str, process: "subprocess.Popen[bytes]", log: Path) -> bool:
    assert process.poll() is None, log.read_text()
    try:
        with urllib.request.urlopen(f"{url}/offline/", timeout=5) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Asked, its supervisor ends the others too; killed, they end by themselves. None is left for the next test."""
    family = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    psutil.wait_procs(family, 15)
