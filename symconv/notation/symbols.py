r"""The marks that formulas are made of, by class; what stands in no table is refused by name."""

from __future__ import annotations

_LETTERS = """alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi pi rho
sigma tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega ell hbar
partial nabla infty"""
LETTERS = {f"\\{name}" for name in _LETTERS.split()}

RELATIONS = {
    "=", "<", ">", ":=", r"\le", r"\ge", r"\neq", r"\in", r"\equiv", r"\approx", r"\triangleq", r"\Rightarrow",
    r"\rightarrow", r"\leftarrow", r"\iff", r"\mapsto", r"\propto", r"\sim", r"\coloneqq", r"\subset",
}  # fmt: skip
OPERATIONS = {
    "+", "-", "*", "/", r"\cdot", r"\times", r"\ast", r"\star", r"\otimes", r"\circledast", r"\odot", r"\circ",
    r"\oplus", r"\bmod", r"\pmod", r"\%", r"\pm", r"\boxplus", r"\boxtimes",
}  # fmt: skip
OTHER = {
    ",", ";", ":", "|", "!", "?", ".", r"\dots", r"\vdots", r"\ddots", r"\therefore", r"\because", r"\forall",
    r"\exists", r"\#", r"\&", r"\$", r"\_", r"\downarrow", r"\uparrow", r"\top",
}  # fmt: skip
SIGNS = RELATIONS | OPERATIONS | OTHER

SPELLINGS = {
    r"\leq": r"\le", r"\geq": r"\ge", r"\leqslant": r"\le", r"\geqslant": r"\ge",
    r"\ne": r"\neq", r"\to": r"\rightarrow",
    r"\implies": r"\Rightarrow", r"\Longrightarrow": r"\Rightarrow",
    r"\Leftrightarrow": r"\iff", r"\gets": r"\leftarrow",
    r"\longrightarrow": r"\rightarrow", r"\cdots": r"\dots",
    r"\ldots": r"\dots", r"\dotsc": r"\dots", r"\dotsb": r"\dots",
    r"\mod": r"\bmod", r"\pod": r"\pmod", r"\lbrace": r"\{", r"\rbrace": r"\}", r"\mid": "|", r"\colon": ":",
    r"\lbrack": "[", r"\rbrack": "]", r"\vert": "|", r"\defeq": ":=", r"\coloneqq": ":=", r"\prime": "'",
    "\u2212": "-", "\u00d7": r"\times", "\u2032": "'", "\u00b7": r"\cdot",
}  # fmt: skip

BIG = {r"\sum", r"\prod", r"\max", r"\min", r"\int", r"\bigoplus", r"\arg", r"\argmax", r"\lim"}
FUNCTIONS = {r"\exp", r"\log", r"\ln", r"\tanh", r"\sin", r"\cos"}
FENCES = {
    "(": ")", "[": "]", r"\{": r"\}", r"\lfloor": r"\rfloor", r"\lceil": r"\rceil", r"\langle": r"\rangle",
    r"\lVert": r"\rVert",
}  # fmt: skip
NORMS = {r"\|", r"\Vert"}  # they open and close by turns
CLOSERS = {closer: opener for opener, closer in FENCES.items()}

ACCENTS = {r"\tilde", r"\hat", r"\bar", r"\vec", r"\dot", r"\widetilde", r"\widehat", r"\overline", r"\underline"}
FONTS = {r"\mathbf", r"\mathbb", r"\mathcal", r"\boldsymbol", r"\mathsf", r"\mathtt", r"\mathit", r"\bm", r"\mathfrak"}
TEXTS = {r"\text", r"\textrm", r"\textbf", r"\textit", r"\mbox", r"\mathrm", r"\operatorname", r"\rm", r"\texttt"}
UPRIGHT = {r"\mathrm", r"\operatorname", r"\rm"}
CLASSES = {r"\mathrel", r"\mathbin", r"\mathop", r"\mathord"}  # what they hold is spaced otherwise, and means the same
WIDE = {r"\quad", r"\qquad"}
NARROW = {
    r"\,",
    r"\;",
    r"\:",
    r"\!",
    r"\ ",
    "~",
    r"\displaystyle",
    r"\textstyle",
    r"\limits",
    r"\nolimits",
    r"\enspace",
    r"\hline",
    r"\nonumber",
    r"\notag",
}
SIZING = {r"\left", r"\right", r"\big", r"\Big", r"\bigg", r"\Bigg", r"\bigl", r"\bigr", r"\Bigl", r"\Bigr"}
FRACTIONS = {r"\frac", r"\dfrac", r"\tfrac", r"\cfrac"}

MATRICES = {"matrix", "bmatrix", "pmatrix", "vmatrix", "smallmatrix", "array"}
ALIGNED = {
    "align",
    "aligned",
    "gather",
    "gathered",
    "equation",
    "multline",
    "split",
    "eqnarray",
    "alignat",
    "flalign",
    "displaymath",
    "math",
}
WITH_ARGUMENT = {"array", "alignat"}  # columns, or how many of them
ENVIRONMENTS = MATRICES | ALIGNED | {"cases"}

FORBIDDEN = {
    r"\def",
    r"\newcommand",
    r"\renewcommand",
    r"\input",
    r"\include",
    r"\let",
    r"\csname",
    r"\write",
    r"\catcode",
}
KNOWN = sorted(
    LETTERS | SIGNS | set(SPELLINGS) | BIG | FUNCTIONS | set(FENCES) | ACCENTS | FONTS | TEXTS | FRACTIONS | WIDE
    | {r"\boxed", r"\substack", r"\tag", r"\label", r"\begin", r"\end", r"\left", r"\right"}
)  # fmt: skip
