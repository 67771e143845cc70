"""Whether a message is a plain yes to a transfer: a closed grammar, pure.

Only what is a yes from its first word to its last moves money. Words that nobody thought of make no yes, whatever
they say and whichever intent they have: a question, a condition, a change, a no.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any, Final

PAYLOAD: Final = "/affirm"
"""What the button of a yes sends."""

_LONGEST: Final = 100
"""The most letters of a plain yes."""


def _phrases(text: str) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(phrase.split()) for phrase in text.split(","))


_DEEDS: Final = frozenset(
    (*words, verb, what)
    for words in ((), ("just",), ("please",))
    for verb, what in product(("do", "move", "send", "pay", "transfer"), ("it", "that", "this"))
)
_YES: Final = (
    _phrases(
        "yes,y,ya,yh,yess,yep,yup,yeah,yea,aye,ok,okay,k,kk,okey dokey,sure,sure thing,of course,absolutely,definitely,"
        "certainly,indeed,agreed,i agree,confirm,confirmed,i confirm,i can confirm,fine,perfect,alright,all right,"
        "correct,that's right,that is right,that's correct,that is correct,that's fine,that is fine,is fine,that's ok,"
        "sounds good,sounds right,sounds fine,looks good,looks right,looks fine,all good,go,go ahead,go on,go for it,"
        "proceed,continue,carry on,by all means,please do,do so,let's do it,let's do that,let's go,make the transfer,"
        "make the payment,👍,👌,✅,✔,☑,🆗"
    )
    | _DEEDS
    | frozenset(("confirm", what) for what in ("it", "that", "this"))
)
_BESIDE: Final = _phrases(
    "please,pls,plz,thanks,thank you,thank you very much,thanks very much,many thanks,and thanks,and thank you,cheers,"
    "ta,mate,then,now,right now,right away,straight away,immediately,at once,today,i do,i am,i'm sure,i am sure,"
    "with it,with that,with the transfer,with the payment,with"
)

_TOKENS: Final = re.compile(r"(?P<word>[^\W_]+(?:'[^\W_]+)*|[👍👌✅✔☑🆗])|(?P<mark>[\s.,!;:…–—()\"'“”~-])|(?P<other>.)")
_DRAWN_OUT: Final = re.compile(r"([^\W\d_])\1{2,}")
_SKIN: Final = re.compile("[\U0001f3fb-\U0001f3ff]")


def consents(text: str, source: Mapping[str, Any], target: Mapping[str, Any]) -> bool:
    """Whether the text says yes, and nothing else, to moving money between the checked `source` and `target`.

    It may name them again ("yes, to Anna"), once; the very amount is blanked out by whoever asks.
    """
    if text.startswith("/"):
        return text.strip() == PAYLOAD
    words = _words(text)
    if not words or len(text) > _LONGEST:
        return False
    kinds = _kinds(words, _repeated(source, target))
    return "yes" in kinds and "other" not in kinds and kinds.count("repeated") <= 1


def _kinds(words: Sequence[str], repeated: frozenset[tuple[str, ...]]) -> list[str]:
    """What each phrase is, the longest first: a "yes", what stands "beside" it, "repeated" or something "other"."""
    kinds = {**dict.fromkeys(_BESIDE, "beside"), **dict.fromkeys(repeated, "repeated"), **dict.fromkeys(_YES, "yes")}
    found, at = [], 0
    while at < len(words):
        phrases = [tuple(words[at:end]) for end in range(len(words), at, -1)]
        phrase = next((phrase for phrase in phrases if phrase in kinds), None)
        found.append(kinds[phrase] if phrase else "other")
        at += len(phrase or words[at:])
    return found


def _repeated(source: Mapping[str, Any], target: Mapping[str, Any]) -> frozenset[tuple[str, ...]]:
    """The ways to name again where the money comes from and where it goes, and not the other way round."""
    sources, targets = list(_names(source)), list(_names(target))
    out_of = [("from", *name) for name in sources]
    into = [(word, *name) for word, name in product(("to", "into", "pay"), targets)]
    both = [(*start, *end) for start, end in product([*out_of, *sources], into)]
    return frozenset([*out_of, *into, *both])


def _names(side: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """What a checked account or payee may be called: a person by a part of the name, an account with "my" before it."""
    if side.get("payee"):
        name = _words(side["nickname"]) or []
        yield from {tuple(name), *((word,) for word in name)}
        return
    spoken = str(side["spoken"]).removeprefix("your ")
    for name in {side["nickname"], spoken, spoken.replace(" account", "")}:
        for before, after in product(((), ("my",), ("the",), ("your",)), ((), ("account",))):
            yield (*before, *(_words(name) or ()), *after)


def _words(text: str) -> list[str] | None:
    """The words, compared without case; None where there is more than words and harmless marks, above all a "?"."""
    plain = unicodedata.normalize("NFKC", _SKIN.sub("", text)).casefold().replace("’", "'")
    plain = "".join(c for c in plain if unicodedata.category(c) != "Cf" and c != "\ufe0f")
    tokens = list(_TOKENS.finditer(_DRAWN_OUT.sub(r"\1", plain)))
    if any(token.lastgroup == "other" for token in tokens):
        return None
    return [token.group() for token in tokens if token.lastgroup == "word"]
