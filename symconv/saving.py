"""Files that are written whole or not at all, and never over another one without being asked."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from symconv.errors import OutputError, UsageError, writing


def refuse_target(output: str, force: bool, place: str, how: str = "give --force to overwrite it") -> None:
    """Refuse a target that exists or cannot be made; how: what to do about one that exists."""
    target = Path(output)
    if not output.strip():
        raise UsageError(place, "an empty name", "the name of a file", "name one")
    with writing(place):
        if target.is_dir():
            raise OutputError(place, "a directory", "the name of a file", "name a file in it")
        if not target.resolve().parent.is_dir():
            raise OutputError(place, f"no directory {target.parent}", "one that exists", "make it first")
        if target.exists() and not target.is_file():
            raise OutputError(place, "something that is no plain file", "the name of a file", "choose another name")
        if target.exists() and not force:
            raise OutputError(place, "the file exists", "a new file", how)


def save(output: str, content: bytes, force: bool, place: str, how: str = "give --force to overwrite it") -> None:
    """Write to a temporary file beside the target, then rename: never half a file."""
    refuse_target(output, force, place, how)
    target = Path(output).resolve()  # what a link points to is written, the link stays
    with writing(place):
        number, name = tempfile.mkstemp(dir=target.parent)
        try:
            with open(number, "wb") as file:
                file.write(content)
            os.chmod(name, target.stat().st_mode & 0o777 if target.exists() else 0o644)
            os.replace(name, target)
        except BaseException:
            os.unlink(name)
            raise


__all__ = ["refuse_target", "save"]
