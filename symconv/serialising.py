"""A report for machines: one JSON object, and a certificate for each proof."""

from __future__ import annotations

import json
import re
from hashlib import sha256
from pathlib import Path

from symconv.errors import writing
from symconv.proof.verdict import Counterexample, Status, Verdict, show_number
from symconv.reports import FileReport, FormulaReport, LinkReport, Report, repaired_latex
from symconv.write.latex import latex_of_tensor
from symconv.write.relations import latex_of_condition


def report_json(report: Report, version: str) -> str:
    """The report as one JSON object."""
    files = [
        {
            "path": file.document.name,
            "summary": dict(sorted(file.summary.items())),
            "formulas": [_formula_json(f, file) for f in file.formulas],
        }
        for file in report.files
    ]
    return json.dumps({"version": version, "files": files}, indent=1, ensure_ascii=False)


def _formula_json(report: FormulaReport, file: FileReport) -> dict[str, object]:
    worst = report.worst
    formula = report.formula
    head = {"id": formula.id, "line": formula.line, "column": formula.column, "latex": formula.latex}
    body = _verdict_json(Verdict(report.status)) if worst is None else _link_json(worst)
    for repair in (file.definitions[link.link.id] for link in report.links if link.link.id in file.definitions):
        body["repair"] = {"latex": latex_of_tensor(repair.definition), "status": Status.PROVED.value}
    links = [
        {
            "id": link.link.id,
            "line": link.link.line,
            "column": link.link.column,
            "latex": link.link.latex,
            **_link_json(link),
            "expected": None,
        }
        for link in report.links
        if len(report.links) > 1
    ]
    return {**head, **body, "expected": formula.expected, "links": links}


def _link_json(report: LinkReport) -> dict[str, object]:
    found = _verdict_json(report.verdict) | {"read_as": report.read_as}
    for repair in report.repairs[:1]:
        latex = repaired_latex(report.link, repair)
        found |= {"repair": {"latex": latex, "status": repair.verdict.status.value}}
    return found


def _verdict_json(verdict: Verdict) -> dict[str, object]:
    condition = verdict.condition
    return {
        "read_as": "",
        "status": verdict.status.value,
        "scope": verdict.scope,
        "message": verdict.message,
        "counterexample": _counterexample_json(verdict.counterexample),
        "condition": None
        if condition is None
        else {"latex": latex_of_condition(condition.condition), "status": Status.PROVED.value},
        "repair": None,
        "hypotheses_used": list(verdict.hypotheses),
        "seconds": round(verdict.seconds, 4),
    }


def _counterexample_json(found: Counterexample | None) -> dict[str, object] | None:
    if found is None:
        return None
    return {
        "sizes": {k: str(v) for k, v in found.sizes.items()},
        "at": {k: str(v) for k, v in found.at.items()},
        "claimed": found.claimed_sum or show_number(found.claimed),
        "exact": found.exact_sum or show_number(found.exact),
    }


def write_certificates(report: Report, directory: Path) -> list[Path]:
    """One JSON file for each proved link, named after the path of its document and its formula."""
    with writing(directory):
        directory.mkdir(parents=True, exist_ok=True)
    written = []
    for file in report.files:
        for formula in file.formulas:
            for link in formula.links:
                if link.verdict.trace is not None:
                    path = directory / f"{_file_name(file.document.name)}.{_file_name(link.link.id)}.json"
                    with writing(path):
                        link.verdict.save(path)
                    written.append(path)
    return written


def _file_name(text: str) -> str:
    """A name for a file, another one for every text; nothing in it leads out of a directory.

    >>> _file_name("note.md"), _file_name("u/note.md"), _file_name("../x y.md")
    ('note.md', 'u__note.md', 'up__x_y.md-568b550f')
    """
    parts = text.split("/")
    name = re.sub(r"[^A-Za-z0-9_.-]", "_", "__".join(p.lstrip(".") or "up" for p in parts))[-120:]
    if name.split("__") == parts and not re.search(r"-[0-9a-f]{8}$", name):
        return name
    return f"{name}-{sha256(text.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"
