"""What a file of ours says that it is, in its header."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import MediaError


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedFormat:
    """A format that files state in their headers: "format", and "version" as a whole number."""

    name: str
    version: int
    """The newest one; readers accept it and all before it."""
    file: str
    """What messages call such a file."""
    wanted: str
    """What to do where another file came."""
    anew: str
    """What to do, besides an update, where a newer version came."""
    kind: str = "safetensors"

    def check(self, header: Mapping[str, str], path: str | Path) -> None:
        """Refuse a file that states another format, or a version that is not known yet.

        Raises:
            MediaError: It does.
        """
        if header.get("format") != self.name:
            raise MediaError(
                f"{path} is a {self.kind} file of format '{header.get('format', 'not given')}'; "
                f"'{self.name}' is expected. {self.wanted}"
            )
        version = header.get("version", "")
        if not version.isdecimal() or int(version) > self.version:
            raise MediaError(
                f"The {self.file} {path} is of version '{version}', and this program reads up to "
                f"{self.version}. Update the program, or {self.anew}"
            )
