"""The colours of two languages that only this documentation has: declaration blocks, and sessions of a terminal.

In a session a line that begins with a dollar and a space is a command; all else is what it prints, formulas too.
"""

from __future__ import annotations

from typing import ClassVar

from pygments.lexer import RegexLexer, bygroups
from pygments.token import Comment, Generic, Keyword, Text
from sphinx.application import Sphinx

from symconv.read.block import LINES


class BlockLexer(RegexLexer):
    name = "symconv"
    aliases: ClassVar = ["symconv"]
    tokens: ClassVar = {
        "root": [
            (r"(?<!\\)#.*$", Comment),
            (rf"^({'|'.join((*LINES, 'keep'))})\b", Keyword),
            (r"\n", Text),
            (r"[^#\n]+|#", Text),
        ]
    }


class SessionLexer(RegexLexer):
    name = "console"
    aliases: ClassVar = ["console"]
    tokens: ClassVar = {"root": [(r"^(\$ )(.*\n?)", bygroups(Generic.Prompt, Text)), (r".*\n|.+", Generic.Output)]}


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_lexer("symconv", BlockLexer)
    app.add_lexer("console", SessionLexer)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
