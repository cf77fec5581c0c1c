"""The documents of `derivations`, each judged once in a run of the tests, whoever asks first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from symconv import judging
from symconv.judging import Watch, judge_document, unwatched
from symconv.read.claims import Document
from symconv.reports import FileReport, Report

_JUDGED: dict[str, FileReport] = {}


def _judged(document: Document, watch: Watch = unwatched) -> FileReport:
    if document.name not in _JUDGED:
        _JUDGED[document.name] = judge_document(document, watch)
    return _JUDGED[document.name]


@contextmanager
def judged_once() -> Iterator[None]:
    """All else, finding and reading the documents too, is done as ever.  Only for documents that stay as they are."""
    with patch.object(judging, "judge_document", _judged):
        yield


def verified(*paths: Path) -> Report:
    """The report on shipped documents, or directories of them."""
    with judged_once():
        return judging.verify_paths(paths)
