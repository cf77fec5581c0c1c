r"""The characters that LaTeX commands stand for, and the alphabets of its fonts."""

from __future__ import annotations

import unicodedata

_VARIANTS = {"epsilon": "ϵ", "varepsilon": "ε", "phi": "ϕ", "varphi": "φ", "vartheta": "ϑ"}
_OTHERS = {"ell": "ℓ", "hbar": "ℏ", "partial": "∂", "nabla": "∇", "infty": "∞"}

SIGNS = {
    "-": "−", "*": "∗", "'": "′",
    r"\le": "≤", r"\ge": "≥", r"\neq": "≠", r"\in": "∈", r"\equiv": "≡", r"\approx": "≈", r"\triangleq": "≜",
    r"\Rightarrow": "⇒", r"\rightarrow": "→", r"\leftarrow": "←", r"\iff": "⇔", r"\mapsto": "↦", r"\propto": "∝",
    r"\sim": "∼", r"\coloneqq": "≔", ":=": "≔", r"\subset": "⊂",
    r"\cdot": "⋅", r"\times": "×", r"\ast": "∗", r"\star": "⋆", r"\otimes": "⊗", r"\circledast": "⊛",
    r"\odot": "⊙", r"\circ": "∘", r"\oplus": "⊕", r"\bmod": "mod", r"\pmod": "mod", r"\%": "%", r"\pm": "±",
    r"\boxplus": "⊞", r"\boxtimes": "⊠",
    r"\dots": "…", r"\vdots": "⋮", r"\ddots": "⋱", r"\therefore": "∴", r"\because": "∵",
    r"\forall": "∀", r"\exists": "∃", r"\#": "#", r"\&": "&", r"\$": "$", r"\_": "_",
    r"\downarrow": "↓", r"\uparrow": "↑", r"\top": "⊤",
}  # fmt: skip
BIG = {r"\sum": "∑", r"\prod": "∏", r"\int": "∫", r"\bigoplus": "⨁", r"\argmax": "arg max"}
FENCES = {
    r"\{": "{", r"\}": "}", r"\lfloor": "⌊", r"\rfloor": "⌋", r"\lceil": "⌈", r"\rceil": "⌉",
    r"\langle": "⟨", r"\rangle": "⟩", r"\lVert": "‖", r"\rVert": "‖",
}  # fmt: skip
ACCENTS = {
    r"\tilde": "˜", r"\hat": "ˆ", r"\bar": "¯", r"\vec": "→", r"\dot": "˙",
    r"\widetilde": "\u0303", r"\widehat": "\u0302",  # of these the fonts know how to stretch them
}  # fmt: skip
COMBINING = {
    r"\tilde": "\u0303", r"\hat": "\u0302", r"\bar": "\u0304", r"\vec": "\u20d7", r"\dot": "\u0307",
    r"\widetilde": "\u0303", r"\widehat": "\u0302", r"\overline": "\u0305", r"\underline": "\u0332",
}  # fmt: skip
PRIMES = {1: "′", 2: "″", 3: "‴"}

ALPHABETS = {
    r"\mathbf": "BOLD", r"\boldsymbol": "BOLD ITALIC", r"\bm": "BOLD ITALIC", r"\mathbb": "DOUBLE-STRUCK",
    r"\mathcal": "SCRIPT", r"\mathfrak": "FRAKTUR", r"\mathsf": "SANS-SERIF", r"\mathtt": "MONOSPACE",
}  # fmt: skip
_OLDER = {"FRAKTUR": "BLACK-LETTER"}  # how Unicode calls the letters that it had before the mathematical alphabets


def letter(name: str) -> str:
    r"""One character for a letter, `x` or `\delta`.

    >>> letter(r"\delta"), letter(r"\Gamma"), letter("x")
    ('δ', 'Γ', 'x')
    """
    if not name.startswith("\\"):
        return name
    word = name[1:]
    known = _VARIANTS.get(word) or _OTHERS.get(word)
    return known or unicodedata.lookup(f"GREEK {_case(word)} LETTER {_greek(word).upper()}")


def in_alphabet(character: str, font: str) -> str:
    r"""A letter or digit in a font; what the font does not have stays as it is.

    >>> in_alphabet("X", r"\mathbf"), in_alphabet("R", r"\mathbb"), in_alphabet("=", r"\mathbf")
    ('𝐗', 'ℝ', '=')
    """
    alphabet = ALPHABETS.get(font)
    if alphabet is None:
        return character
    name = unicodedata.name(character, "")
    latin = name.removeprefix("LATIN ").replace("LETTER ", "").replace("GREEK ", "")
    plain = alphabet.removesuffix(" ITALIC")  # digits have no italics
    older = _OLDER.get(alphabet, alphabet)
    for wanted in (f"MATHEMATICAL {alphabet} {latin}", f"MATHEMATICAL {plain} {latin}", f"{older} {latin}"):
        try:
            return unicodedata.lookup(wanted)
        except KeyError:
            continue
    return character


def italic(character: str) -> str:
    """A letter as browsers set it where it stands alone.

    >>> italic("h"), italic("δ"), italic("∂"), italic("1")
    ('ℎ', '𝛿', '𝜕', '1')
    """
    known = {"h": "ℎ", "∂": "𝜕", "ϵ": "𝜖", "ϑ": "𝜗", "ϕ": "𝜙"}.get(character)
    name = unicodedata.name(character, "").replace("LATIN ", "").replace("GREEK ", "").replace("LETTER ", "")
    try:
        return known or unicodedata.lookup(f"MATHEMATICAL ITALIC {name}")
    except KeyError:
        return character


def _case(word: str) -> str:
    return "CAPITAL" if word[0].isupper() else "SMALL"


def _greek(word: str) -> str:
    return {"lambda": "lamda", "Lambda": "Lamda"}.get(word, word)
