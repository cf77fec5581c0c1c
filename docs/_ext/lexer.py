"""The colours of what this documentation shows: declaration blocks, documents that hold one, sessions of a terminal.

In a session a line that begins with a dollar and a space is a command; all else is what it prints, formulas too.  In a
document a formula is a formula: its underscores begin no italics.
"""

from __future__ import annotations

from typing import ClassVar

from pygments.lexer import RegexLexer, bygroups, using
from pygments.token import Comment, Generic, Keyword, String, Text
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


class DocumentLexer(RegexLexer):
    name = "markdown"
    aliases: ClassVar = ["markdown"]
    tokens: ClassVar = {
        "root": [
            (r"^(```symconv\n)((?:.*\n)*?)(```$)", bygroups(Comment, using(BlockLexer), Comment)),
            (r"^#+ .*$", Generic.Heading),
            (r"\$\$(?:.|\n)*?\$\$|\$[^$\n]+\$", String),
            (r"\n|[^\n$]+|\$", Text),
        ]
    }


class SessionLexer(RegexLexer):
    name = "console"
    aliases: ClassVar = ["console"]
    tokens: ClassVar = {"root": [(r"^(\$ )(.*\n?)", bygroups(Generic.Prompt, Text)), (r".*\n|.+", Generic.Output)]}


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_lexer("symconv", BlockLexer)
    app.add_lexer("markdown", DocumentLexer)
    app.add_lexer("console", SessionLexer)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
