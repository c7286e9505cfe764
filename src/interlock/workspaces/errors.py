"""What the domain refuses, in a sentence. Each door translates these once."""

from typing import Any


class DomainError(Exception):
    """The plan does not allow this. The message is meant for the person who tried."""

    def __init__(self, sentence: str, *, field: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.field = field


class StaleVersion(DomainError):
    """Somebody else changed the row since it was read; `current` is what it holds now."""

    def __init__(self, current: Any) -> None:
        super().__init__(f"{current.key} was changed by somebody else in the meantime.")
        self.current = current
