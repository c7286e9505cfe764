"""How a reader says no: a sentence for whoever sent the file, with the place that it speaks of."""

from interlock.workspaces.errors import DomainError


class Refusal(DomainError):
    """The source is refused as a whole; nothing of it is written."""

    def __init__(self, sentence: str, *, file: str = "", line: int = 0) -> None:
        super().__init__(f"{place(file, line)}: {sentence}" if file else sentence)
        self.reason, self.file, self.line = sentence, file, line


class Unreadable(Refusal):
    """One file among many makes no sense; the others may."""


def place(file: str, line: int) -> str:
    return f"{file}, line {line:,}" if line else file
