"""Formulas as tests: `pytest derivations/` judges every formula of the documents there that hold a block.

A document is read when it is collected, and each of its formulas is judged
when its turn comes: `conv1d.md::eq3`.  It passes if it meets its expectation,
as in `symconv verify`.  Reader and judge are imported with the first document,
so that other test runs do not pay for them.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from symconv.errors import InputError, SymconvError, reading
from symconv.read.discovery import SUFFIXES, holds_block

if TYPE_CHECKING:
    from symconv.read.claims import Formula

OPTION = "symconv_documents"


class NotAsExpected(AssertionError):
    """A formula that does not meet its expectation; the message is its line of `symconv verify`."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini(
        OPTION,
        "documents whose formulas are tests: patterns for the file name or, with a slash, for the path from the root; "
        "none: every document that holds a symconv block",
        type="linelist",
        default=[],
    )


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.suffix not in SUFFIXES or not _wanted(file_path, parent.config) or not _has_formulas(file_path):
        return None
    return Document.from_parent(parent, path=file_path)


def _wanted(path: Path, config: pytest.Config) -> bool:
    patterns = config.getini(OPTION)
    whole = _name_below(path, config.rootpath)
    return not patterns or any(fnmatchcase(whole if "/" in p else path.name, p) for p in patterns)


def _has_formulas(path: Path) -> bool:
    """A file that cannot be opened is none of ours: it may lie in a project that knows nothing of symconv."""
    try:
        return holds_block(path)
    except InputError:
        return False


def _name_below(path: Path, folder: Path) -> str:
    return (path.relative_to(folder) if path.is_relative_to(folder) else path).as_posix()


class Document(pytest.File):
    """A document that holds a block; an error in a block is an error of the collection."""

    def collect(self) -> Iterable[FormulaItem]:
        from symconv.read.documents import read_file
        from symconv.read.reader import read_document

        name = _name_below(self.path, self.config.invocation_params.dir)
        try:
            with reading(name):
                text, form = read_file(self.path)
            document = read_document(text, form, name)
        except SymconvError as error:
            raise self.CollectError(str(error)) from None
        for formula in document.formulas:
            yield FormulaItem.from_parent(self, name=formula.id, formula=formula, document=name)


class FormulaItem(pytest.Item):
    """One formula, and the verdict on it when it runs."""

    def __init__(self, *, formula: Formula, document: str, **rest: Any) -> None:
        super().__init__(**rest)
        self.formula = formula
        self.document = document

    def runtest(self) -> None:
        from symconv.judging import judge_formula
        from symconv.reports import place_and_text

        report = judge_formula(self.formula)
        if not report.as_expected:
            raise NotAsExpected(": ".join(place_and_text(self.document, report)))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *args: Any, **options: Any) -> Any:
        if isinstance(excinfo.value, NotAsExpected):
            return str(excinfo.value)
        return super().repr_failure(excinfo, *args, **options)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self.formula.line - 1, self.name
