"""The command line: solve, verify, export.

Parsing needs no SymPy; each verb imports what it needs when it runs.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

import symconv
from symconv.errors import InputError, OutputError, SymconvError, UsageError, reading
from symconv.page.formats import DRAWN, ENDINGS
from symconv.saving import refuse_target, save
from symconv.specs import OPTIONS, add_operation_options

if TYPE_CHECKING:
    from symconv.reports import Report

OK, FAILED = 0, 1
READ_BACK = (".md", ".tex", ".ipynb")  # formats that verify reads
TARGETS = ("numpy", "c", "numba", "array-api", "sympy", "dask")  # as in `exporting`, which takes long to import


class _Parser(argparse.ArgumentParser):
    """argparse with the exit code of wrong use, and options by their whole names."""

    known: ClassVar[set[str]] = set()  # the options of all verbs

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "allow_abbrev": False})

    def add_argument(self, *names: Any, **options: Any) -> argparse.Action:
        self.known.update(name for name in names if str(name).startswith("--"))
        return super().add_argument(*names, **options)

    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: {message}{self._meant(message)}; see {self.prog} --help", file=sys.stderr)
        raise SystemExit(UsageError.exit_code)

    def _meant(self, message: str) -> str:
        """The option that is nearest to the one that is not known."""
        word = re.match(r"unrecognized arguments: (--[\w-]+)", message)
        near = (
            get_close_matches(word.group(1), [*sorted(self.known), *(f"--{name}" for name in OPTIONS)], 1)
            if word
            else []
        )
        return f"; did you mean {near[0]}?" if near else ""


def parser() -> argparse.ArgumentParser:
    top = _Parser(
        prog="symconv", description="Derive, prove, explain and export the mathematics of convolution layers."
    )
    top.add_argument("--version", action="version", version=f"symconv {symconv.__version__}")
    verbs = top.add_subparsers(
        dest="verb", required=True, parser_class=_Parser, metavar="solve | verify | export | bench"
    )

    solve = verbs.add_parser("solve", help="write the worked solution of a gradient")
    _add_spec(solve)
    solve.add_argument("--sizes", metavar="H=3,W=4", help="sizes of the concrete instance")
    solve.add_argument("--level", choices=("brief", "full"), default="full", help="how many steps are shown")
    solve.add_argument("--symbols", metavar="FILE", help="a document whose names and conventions the solution takes")
    solve.add_argument("--exercise", action="store_true", help="write the problem; with -o, the solution beside it")
    solve.add_argument("--seed", metavar="N", help="draw sizes, numbers and open options of an exercise by N")
    solve.add_argument("--hints", action="store_true", help="hide each step behind its hint, where the format can")
    _add_output(solve, required=False, what=f"where to write, a name that ends in {', '.join(ENDINGS)}")

    verify = verbs.add_parser("verify", help="judge every formula of documents")
    verify.add_argument(
        "paths", nargs="+", metavar="PATH", help=".md, .tex, .ipynb, a directory, or - for standard input"
    )
    verify.add_argument("--propose", action="store_true", help="print the block that a document lacks")
    verify.add_argument("--only-with-block", action="store_true", help="pass over files that hold no block")
    verify.add_argument("--json", action="store_true", help="print one JSON object")
    verify.add_argument("--certificates", metavar="DIR", help="write a certificate for every proved formula")
    _add_output(verify, required=False, what="write the report as a page too, a name that ends in .html")

    export = verbs.add_parser("export", help="write a NumPy module with forward and gradients")
    _add_spec(export)
    export.add_argument(
        "--target",
        choices=TARGETS,
        default="numpy",
        help="what the module runs on",
    )
    export.add_argument("--accuracy", choices=("exact", "fast"), default="exact", help="fast may lose some digits")
    export.add_argument("--schedule", metavar="NAME", help="use this schedule wherever it fits")
    export.add_argument("--explain", action="store_true", help="print the plan with its costs; needs no -o")
    export.add_argument("--unproved", action="store_true", help="write gradients that are not proved, and say so")
    _add_output(export, required=False, what="where to write, a name that ends in .py")

    bench = verbs.add_parser("bench", help="measure an exported kernel against the libraries that are installed")
    _add_spec(bench)
    bench.add_argument("--dtype", choices=("float32", "float64"), default="float32", help="type of all numbers")
    bench.add_argument("--target", choices=("numpy", "c"), default="numpy", help="what is measured; numpy unless said")
    bench.add_argument("--accuracy", choices=("exact", "fast"), default="exact", help="fast may lose some digits")
    bench.add_argument("--threads", type=_threads, default=1, metavar="N", help="1 unless said")
    bench.add_argument("--seconds", type=_seconds, default=1.0, metavar="S", help="for each function; 1 unless said")
    bench.add_argument("--plot", metavar="FILE", help="draw the ratios too: .svg, .png or .pdf; needs matplotlib")
    _add_output(bench, required=False, what="where to write the table; printed without it")
    return top


def _threads(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 9 and 1 <= int(text) <= 64):
        raise argparse.ArgumentTypeError(f"{text!r}; expected a whole number from 1 to 64")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):  # nor is NaN between them
        raise argparse.ArgumentTypeError(f"{text!r}; expected a number of seconds above 0, such as 0.5")
    return seconds


def _add_spec(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("spec", metavar="SPEC", help="an operation such as conv2d, a formula in LaTeX, or a document")
    verb.add_argument("--wrt", metavar="NAME", help="the tensor to differentiate by; all without it")
    add_operation_options(verb)


def _add_output(verb: argparse.ArgumentParser, required: bool, what: str = "where to write") -> None:
    verb.add_argument("-o", "--output", metavar="FILE", required=required, help=what)
    verb.add_argument("--force", action="store_true", help="overwrite the file")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit code."""
    options = parser().parse_args(arguments)
    options.arguments = list(sys.argv[1:] if arguments is None else arguments)
    verbs = {"solve": _solve, "verify": _verify, "export": _export, "bench": _bench}
    try:
        return verbs[options.verb](options)
    except BrokenPipeError:
        _give_up_output()
        return FAILED
    except SymconvError as error:
        _tell(error)
        return error.exit_code


def _give_up_output() -> None:
    """What is left in the buffer goes nowhere: it would fail once more at the end, with a code of Python's own."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _tell(error: Exception) -> None:
    print(f"symconv: {error}", file=sys.stderr)


def _spec(options: argparse.Namespace, words: bool, layers: bool) -> symconv.specs.Spec:
    from symconv.specs import parse_spec

    if options.wrt is not None and not options.wrt.strip():
        raise UsageError("--wrt", "an empty name", "the name of a tensor", "name one, or drop the option")
    return parse_spec(options.spec, options, words, layers)


def _print(text: str) -> None:
    """To standard output, all of it, or an error."""
    if sys.stdout is None:
        raise OutputError("standard output", "closed", "an open one", "write to a file with -o")
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except UnicodeEncodeError as error:
        raise OutputError(
            "standard output",
            f"{text[error.start]!r} in {error.encoding}",
            "an output that takes UTF-8",
            "set PYTHONIOENCODING=utf-8, or write to a file",
        ) from None
    except OSError as error:
        _give_up_output()
        raise OutputError(
            "standard output", error.strerror or str(error), "a place that can be written", "write to a file"
        ) from None


def _solve(options: argparse.Namespace) -> int:
    from symconv.page.formats import refuse_unready, written
    from symconv.solving import solve_spec

    if options.output is not None:
        _refuse_ending("-o", options.output, *ENDINGS)
        _refuse_output(options)
        refuse_unready(Path(options.output).suffix)
    if options.exercise:
        return _exercise(options)
    if options.seed is not None:
        raise UsageError("--seed", f"{options.seed} for a solution", "--exercise beside it", "add --exercise")
    spec, sizes = _spec(options, words=False, layers=False), _sizes(options.sizes)
    spec.check_sizes(sizes or {})
    solution = solve_spec(spec, options.wrt, sizes, options.level, options.symbols)
    ending = ".md" if options.output is None else Path(options.output).suffix
    file = written(solution.page(pictures=ending in DRAWN), ending, options.hints)
    if options.output is None:
        _print(file.decode())
    else:
        _write(options, file)
    return OK if solution.proved else FAILED


def _exercise(options: argparse.Namespace) -> int:
    """The sheet to FILE and the solution to FILE-key, both or none; the sheet alone to standard output."""
    from symconv.exercise import exercise_of
    from symconv.page.formats import written
    from symconv.shown_numbers import Numbers
    from symconv.solving import prepared, solve_spec
    from symconv.varying import draw_options, draw_sizes

    key = _key(options)
    seed = _seed(options.seed)
    if options.seed is not None:
        draw_options(options.spec, options, seed)
    spec, given = prepared(_spec(options, words=False, layers=False), options.symbols), _sizes(options.sizes) or {}
    spec.check_sizes(given)
    sizes = draw_sizes(spec.output, given, seed)
    made = exercise_of(solve_spec(spec, options.wrt, sizes, options.level, numbers=Numbers(seed)))
    ending = ".md" if options.output is None else Path(options.output).suffix
    sheet = written(made.sheet(read_back=ending in READ_BACK), ending)
    if key is None:
        _print(sheet.decode())
    else:
        answers = written(made.key(pictures=ending in DRAWN), ending, options.hints)
        _write(key, answers)
        _write(options, sheet)
    return OK if made.solution.proved else FAILED


def _key(options: argparse.Namespace) -> argparse.Namespace | None:
    """The options for the second file, `sheet-key.md` beside `sheet.md`; refused where it exists."""
    if options.output is None:
        return None
    target = Path(options.output)
    key = argparse.Namespace(output=str(target.with_name(f"{target.stem}-key{target.suffix}")), force=options.force)
    _refuse_output(key)
    return key


def _seed(text: str | None) -> int:
    if text is None:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise UsageError(f"--seed {text}", repr(text), "a whole number of at most 9 digits", "write --seed 7")
    return int(text)


def _sizes(text: str | None) -> dict[str, int] | None:
    if text is None:
        return None
    result: dict[str, int] = {}
    for part in text.split(","):
        name, number = (p.strip() for p in (part.partition("=")[0], part.partition("=")[2]))
        if not name or not (number.isascii() and number.isdigit() and len(number) <= 9):
            raise UsageError(f"--sizes {text}", f"{part!r}", "NAME=NUMBER, at most 9 digits", "write H=3,W=4")
        if name in result:
            raise UsageError(f"--sizes {text}", f"{name} twice", "each size once", "leave one out")
        result[name] = int(number)
    return result


def _verify(options: argparse.Namespace) -> int:
    from symconv.judging import verify_paths
    from symconv.serialising import write_certificates
    from symconv.terminal import progress

    if options.certificates is not None and not options.certificates.strip():
        raise UsageError("--certificates", "an empty name", "a directory", "name one, or drop the option")
    if options.output is not None:
        _refuse_ending("-o", options.output, ".html")
        _refuse_output(options)
    text = _standard_input() if "-" in options.paths else None
    if options.propose:
        if options.output is not None or options.json or options.certificates is not None:
            raise UsageError("--propose", "another output beside it", "--propose alone", "run verify a second time")
        return _propose(options.paths, text)
    with progress(sys.stderr) as watch:
        report = verify_paths(options.paths, text, options.only_with_block, watch)
    for error in report.errors:
        _tell(error)
    if options.certificates is not None:
        write_certificates(report, Path(options.certificates))
    if options.output is not None:
        from symconv.reporting import report_html

        _write(options, report_html(report, symconv.__version__).encode())
    _print_report(report, options.json)
    return report.exit_code


def _propose(paths: list[str], text: str | None) -> int:
    """A block for each document; one that cannot be read is told, and the others are looked at."""
    from symconv.judging import proposals

    codes = []
    for path in paths:
        try:
            _print("".join(proposals([path], text)))
        except SymconvError as error:
            _tell(error)
            codes.append(error.exit_code)
    return min(codes, default=OK)


def _print_report(report: Report, as_json: bool) -> None:
    """One JSON object, or lines on the files that could be read."""
    from symconv.reports import report_lines, unpainted
    from symconv.serialising import report_json
    from symconv.terminal import painted, takes_colour

    if as_json:
        _print(f"{report_json(report, symconv.__version__)}\n")
    elif read := [file for file in report.files if file.error is None]:
        paint = painted if takes_colour(sys.stdout) else unpainted
        _print("".join(f"{line}\n" for file in read for line in report_lines(file, paint)))


def _standard_input() -> str:
    if sys.stdin is None:
        raise InputError("standard input", "closed", "an open one", "give a path")
    with reading("standard input"):
        binary = getattr(sys.stdin, "buffer", None)
        return sys.stdin.read() if binary is None else str(binary.read().decode("utf-8"))


def _export(options: argparse.Namespace) -> int:
    from symconv.exporting import NotProved, explain_spec, export_files

    if options.schedule is not None and not options.schedule.strip():
        raise UsageError("--schedule", "an empty name", "the name of a schedule", "name one, or drop the option")
    spec = _spec(options, words=True, layers=True)
    if options.output is not None:
        _refuse_output(options)
        _refuse_ending("-o", options.output, ".py")  # other files of a target are called alike, with their own endings
    elif not options.explain:
        raise UsageError(
            "export", "no -o FILE", "the file to write", "give -o kernels.py, or --explain to see the plan"
        )
    if options.explain:
        chosen = {"target": options.target, "accuracy": options.accuracy, "schedule": options.schedule or ""}
        print(explain_spec(spec, options.wrt, **chosen))
        if options.output is None:
            return OK
    try:
        files = export_files(
            spec,
            options.wrt,
            options.unproved,
            target=options.target,
            accuracy=options.accuracy,
            schedule=options.schedule or "",
            stem=Path(options.output).stem,
        )
    except NotProved as error:
        _tell(error)
        return FAILED
    others = {str(Path(options.output).with_suffix(end)): text for end, text in files.items() if end != ".py"}
    for path in others:
        refuse_target(path, options.force, path)
    for path, text in others.items():
        save(path, text.encode(), options.force, path)
    _write(options, files[".py"].encode())
    return OK


def _bench(options: argparse.Namespace) -> int:
    from symconv.benching.command import bench, checked
    from symconv.benching.environment import again, prepared
    from symconv.specs import OPTIONS

    if options.output is not None:
        _refuse_output(options)
    said = {name: getattr(options, name.replace("-", "_")) or None for name in OPTIONS}
    if options.plot is not None:
        refuse_target(options.plot, force=True, place=f"--plot {options.plot}".rstrip())  # drawn again
        _refuse_ending("--plot", options.plot, ".svg", ".png", ".pdf")
    checked(options.spec, said, options.dtype, options.plot, options.target)
    if not prepared():
        done = again("symconv", options.arguments, options.threads)
        print(done.stdout, end="")
        print(done.stderr, end="", file=sys.stderr)
        return done.returncode
    given = {name: getattr(options, name) for name in ("dtype", "accuracy", "threads", "seconds", "plot", "target")}
    table = bench(options.spec, said, **given)
    if options.output is None:
        print(table, end="")
    else:
        _write(options, table.encode())
    return OK


def _refuse_ending(option: str, name: str, *wanted: str) -> None:
    suffix, endings = Path(name).suffix, " or ".join((", ".join(wanted[:-1]), wanted[-1])).removeprefix(" or ")
    if suffix not in wanted:
        found = f"the ending {suffix}" if suffix else "no ending"
        raise UsageError(f"{option} {name}", found, endings, f"choose a name that ends in {endings}")


def _refuse_output(options: argparse.Namespace) -> None:
    """Refuse a target that exists or cannot be made."""
    refuse_target(options.output, options.force, f"-o {options.output}".rstrip())


def _write(options: argparse.Namespace, content: bytes) -> None:
    """All of the file or nothing."""
    save(options.output, content, options.force, f"-o {options.output}")


__all__ = ["OPTIONS", "main", "parser"]
