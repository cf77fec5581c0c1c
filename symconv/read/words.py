"""Words that say when a formula holds, in the languages of the documents: each as its English word.

Only words that bind or limit a claim stand here; everything else in words is a remark or is refused.
"""

from __future__ import annotations

import re

_GERMAN = """für=for fuer=for falls=if wenn=if sofern=if und=and mit=with wobei=where sonst=otherwise
andernfalls=otherwise alle=all jedes=each jeden=each jede=each nur=only außer=except ausser=except
rand=border randes=border innen=inside inneren=inside fast=almost überall=on meistens=usually
näherungsweise=approximately ungefähr=about oder=or ohne=without also=hence daher=hence somit=hence folglich=hence
damit=hence"""
_FRENCH = """pour=for si=if et=and avec=with où=where sinon=otherwise autrement=otherwise tout=all tous=all toute=all
toutes=all chaque=each seulement=only sauf=except bord=border environ=approximately sans=without
intérieur=inside presque=almost partout=on général=generally donc=hence ainsi=hence
alors=hence ou=or"""
_SPANISH = """para=for y=and con=with donde=where cuando=when todo=all todos=all toda=all todas=all cada=each solo=only
sólo=only excepto=except salvo=except borde=border aproximadamente=approximately
casi=almost siempre=usually sin=without entonces=hence
luego=hence"""
ENGLISH = dict(pair.split("=") for pair in f"{_GERMAN} {_FRENCH} {_SPANISH}".split())
PHRASES = {"en otro caso": "otherwise", "de lo contrario": "otherwise", "en caso contrario": "otherwise"}


def in_english(words: str) -> str:
    """The words with those that bind or limit put in English; the others stay.

    >>> in_english("für alle"), in_english("si"), in_english("en otro caso"), in_english("the kernel")
    ('for all', 'if', 'otherwise', 'the kernel')
    """
    for phrase, english in PHRASES.items():
        words = re.sub(rf"\b{phrase}\b", english, words)
    return re.sub(r"[^\W\d_]+", lambda m: ENGLISH.get(m.group().lower(), m.group()), words)
