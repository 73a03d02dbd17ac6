"""A resource that the end of a `with` statement closes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Self


class Closing(ABC):
    """Base of what has to be closed."""

    @abstractmethod
    def close(self) -> None:
        """Free what it holds. Nothing else may be called after it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()
