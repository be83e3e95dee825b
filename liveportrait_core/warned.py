"""The library's warnings, heard while a block runs, and said again."""

from __future__ import annotations

import logging
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import TracebackType
from typing import Final

_PACKAGE: Final = __name__.rpartition(".")[0]


class OptionName(str):
    """An option that a warning is about, by its key; who hears it shows the name that users know.

    `LOG.warning("%s does nothing here.", OptionName("normalize_lip"))`
    """

    __slots__ = ()


class HeardWarnings(logging.Handler):
    """Keeps what the library warns of while a block runs.

    `with HeardWarnings() as heard: render(...)`, then `heard.texts`.
    """

    def __init__(self) -> None:
        """Nothing is heard yet."""
        super().__init__(logging.WARNING)
        self.records: list[logging.LogRecord] = []

    @property
    def texts(self) -> list[str]:
        """The warnings in their order."""
        return [self.text_of(record) for record in self.records]

    def text_of(self, record: logging.LogRecord) -> str:
        """One warning, its options by the names that users know."""
        if not isinstance(record.args, tuple):
            return record.getMessage()
        shown = (self.name_of(x) if isinstance(x, OptionName) else x for x in record.args)
        return str(record.msg) % tuple(shown)

    def name_of(self, key: str) -> str:
        """What users call an option; here its key."""
        return key

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one."""
        self.records.append(record)

    def repeat(self) -> None:
        """Warn of the same again."""
        for record in self.records:
            logging.getLogger(record.name).handle(record)

    def __enter__(self) -> HeardWarnings:
        logging.getLogger(_PACKAGE).addHandler(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        logging.getLogger(_PACKAGE).removeHandler(self)


@contextmanager
def unheard(*modules: str) -> Generator[None]:
    """Keep warnings of some modules from being said while a block runs, in this thread alone.

    `with unheard("animation.limits"): drive(...)`

    Args:
        *modules: As this package has them, without its name.
    """
    thread = threading.get_ident()

    def is_others(record: logging.LogRecord) -> bool:
        return record.thread != thread

    loggers = [logging.getLogger(f"{_PACKAGE}.{module}") for module in modules]
    for logger in loggers:
        logger.addFilter(is_others)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(is_others)
