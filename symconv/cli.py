"""The command line: solve, verify, export.

Parsing needs no SymPy; each verb imports what it needs when it runs.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import symconv
from symconv.errors import NotationError, SymconvError

OK, FAILED, OPEN = 0, 1, 2
WRONG_USE, BAD_BLOCK, NO_INPUT, WOULD_OVERWRITE = 64, 65, 66, 73
OPTIONS = [
    "stride",
    "padding",
    "dilation",
    "groups",
    "channels",
    "kernel",
    "size",
    "batch",
    "mode",
    "output-padding",
    "function",
]


class _Parser(argparse.ArgumentParser):
    """argparse with the exit code of wrong use."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        print(f"{self.prog}: {message}; see {self.prog} --help", file=sys.stderr)
        raise SystemExit(WRONG_USE)


def parser() -> argparse.ArgumentParser:
    top = _Parser(
        prog="symconv", description="Derive, prove, explain and export the mathematics of convolution layers."
    )
    top.add_argument("--version", action="version", version=f"symconv {symconv.__version__}")
    verbs = top.add_subparsers(dest="verb", required=True, parser_class=_Parser, metavar="solve | verify | export")

    solve = verbs.add_parser("solve", help="write the worked solution of a gradient")
    _add_spec(solve)
    solve.add_argument("--sizes", metavar="H=3,W=4", help="sizes of the concrete instance")
    solve.add_argument("--level", choices=("brief", "full"), default="full", help="how many steps are shown")
    _add_output(solve, required=False)

    verify = verbs.add_parser("verify", help="judge every formula of documents")
    verify.add_argument(
        "paths", nargs="+", metavar="PATH", help=".md, .tex, .ipynb, a directory, or - for standard input"
    )
    verify.add_argument("--json", action="store_true", help="print one JSON object")
    verify.add_argument("--certificates", metavar="DIR", help="write a certificate for every proved formula")

    export = verbs.add_parser("export", help="write a NumPy module with forward and gradients")
    _add_spec(export)
    export.add_argument("--target", choices=("numpy",), default="numpy", help="what the module runs on")
    export.add_argument("--unproved", action="store_true", help="write gradients that are not proved, and say so")
    _add_output(export, required=True)
    return top


def _add_spec(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("spec", metavar="SPEC", help="an operation such as conv2d, a formula in LaTeX, or a document")
    verb.add_argument("--wrt", metavar="NAME", help="the tensor to differentiate by; all without it")
    group = verb.add_argument_group("options of the operation (numbers or names; one, or one an axis: 2,1)")
    for name in OPTIONS:
        group.add_argument(f"--{name}", metavar="V", help="before:after for two sides" if name == "padding" else None)
    group.add_argument("--bias", action="store_true", help="add a bias to each output channel")


def _add_output(verb: argparse.ArgumentParser, required: bool) -> None:
    verb.add_argument("-o", "--output", metavar="FILE", required=required, help="where to write")
    verb.add_argument("--force", action="store_true", help="overwrite the file")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit code."""
    options = parser().parse_args(arguments)
    verbs = {"solve": _solve, "verify": _verify, "export": _export}
    try:
        return verbs[options.verb](options)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:
        print(f"symconv: {error.filename or ''}: {error.strerror or error}", file=sys.stderr)
        return NO_INPUT
    except NotationError as error:
        print(f"symconv: {error}", file=sys.stderr)
        return BAD_BLOCK
    except SymconvError as error:
        print(f"symconv: {error}", file=sys.stderr)
        return WRONG_USE


def _spec(options: argparse.Namespace, words: bool, layers: bool) -> symconv.specs.Spec:
    from symconv.specs import parse_spec

    given = any(getattr(options, n.replace("-", "_")) for n in OPTIONS) or options.bias
    return parse_spec(options.spec, options if given or " " not in options.spec else None, words, layers)


def _solve(options: argparse.Namespace) -> int:
    from symconv.solving import solve_spec

    sizes = _sizes(options.sizes)
    solution = solve_spec(_spec(options, words=False, layers=False), options.wrt, sizes, options.level)
    text = solution.to_markdown()
    if options.output is None:
        sys.stdout.write(text)
    else:
        suffix = Path(options.output).suffix
        if suffix != ".md":
            print(
                f"symconv: {options.output}: the ending {suffix or 'is missing'}; expected .md; choose .md",
                file=sys.stderr,
            )
            return WRONG_USE
        return _write(options, text)
    return OK if solution.proved else FAILED


def _sizes(text: str | None) -> dict[str, int] | None:
    from symconv.errors import UsageError

    if text is None:
        return None
    result: dict[str, int] = {}
    for part in text.split(","):
        name, sign, number = part.partition("=")
        if not sign or not number.strip().isdigit() or len(number.strip()) > 9:
            raise UsageError(f"--sizes {text}", f"{part!r}", "NAME=NUMBER", "write H=3,W=4")
        result[name.strip()] = int(number)
    return result


def _verify(options: argparse.Namespace) -> int:
    from symconv.judging import report_json, verify_paths, write_certificates

    standard_input = sys.stdin.read() if "-" in options.paths else None
    report = verify_paths(options.paths, standard_input)
    print(report_json(report, symconv.__version__) if options.json else report)
    if options.certificates:
        write_certificates(report, Path(options.certificates))
    return report.exit_code


def _export(options: argparse.Namespace) -> int:
    from symconv.exporting import NotProved, export_spec

    if _exists(options):
        return WOULD_OVERWRITE
    try:
        source = export_spec(_spec(options, words=True, layers=True), options.wrt, options.unproved)
    except NotProved as error:
        print(f"symconv: {error}", file=sys.stderr)
        return FAILED
    return _write(options, source)


def _exists(options: argparse.Namespace) -> bool:
    if Path(options.output).exists() and not options.force:
        print(f"symconv: {options.output}: the file exists; give --force to overwrite it", file=sys.stderr)
        return True
    return False


def _write(options: argparse.Namespace, text: str) -> int:
    """Write to a temporary file beside the target, then rename: never half a file."""
    if _exists(options):
        return WOULD_OVERWRITE
    target = Path(options.output)
    with tempfile.NamedTemporaryFile("w", dir=target.parent, encoding="utf-8", delete=False) as file:
        file.write(text)
    os.chmod(file.name, 0o644)
    os.replace(file.name, target)
    return OK


if __name__ == "__main__":
    sys.exit(main())
