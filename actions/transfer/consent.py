"""Whether a message is a plain yes to a transfer: a closed grammar, pure.

Money moves only if the message is a yes from its first word to its last. Any word that is not listed here makes it
something else, whatever its intent: a question, a condition, a change, a no.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any, Final

from ..text import is_payload

PAYLOAD: Final = "/affirm"
"""What the "yes" button sends."""

_LONGEST: Final = 100
"""The maximum length of a plain yes, in characters."""


def _phrases(text: str) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(phrase.split()) for phrase in text.replace("'", "").split(","))


_LOOKS: Final = frozenset(
    (*subject, seems, how, *whose)
    for subject, seems, how, whose in product(
        ((), ("it",), ("that",), ("this",), ("all",)),
        ("sounds", "looks"),
        ("good", "right", "fine", "correct"),
        ((), ("to", "me")),
    )
)
_DEEDS: Final = frozenset(
    (*words, verb, *what)
    for words in ((), ("just",), ("please",))
    for verb, what in product(
        ("do", "move", "send", "pay", "transfer", "make"),
        (("it",), ("that",), ("this",), ("the", "transfer"), ("the", "payment"), ("the", "money")),
    )
    if verb != "make" or what[-1] in ("transfer", "payment")
)
_YES: Final = (
    _phrases(
        "yes,y,ya,ye,yeh,yh,yess,yep,yup,yeah,yea,aye,yes please,yesplease,i said yes,okey dokey,sure,sure thing,"
        "of course,absolutely,definitely,certainly,indeed,agreed,i agree,confirmed,i confirm,i can confirm,"
        "correct,that's right,that is right,that's correct,that is correct,go,go ahead,go right ahead,go on,go for it,"
        "proceed,continue,carry on,by all means,please do,do so,let's do it,let's do that,let's go,👍,👌,✅,✔,☑,🆗"
    )
    | _LOOKS
    | _DEEDS
)
_OK: Final = _phrases("ok,okay,okey,k,kk")
_FINE: Final = _phrases(
    "fine,perfect,that's fine,that is fine,it's fine,it is fine,is fine,that's ok,that is ok,alright,all right,all good"
)
_CONFIRM: Final = _phrases("confirm,confirm it,confirm that,confirm this,confirm the transfer,confirm the payment")
_THANKS: Final = _phrases(
    "thanks,thank you,thank you very much,thanks very much,many thanks,and thanks,and thank you,cheers,ta,mate,sir"
)
_PLEASE: Final = _phrases("please,pls,plz")
_ASIDES: Final = _phrases(
    "then,now,right now,right away,straight away,immediately,at once,today,i do,i am,i'm sure,i am sure,it is,"
    "you can,you may,i would,i would like that,i'd like that,"
    "exactly,cool,with it,with that,with the transfer,with the payment,with,🙂,😊,😀,😃,😄,😁,☺"
)
_HESITATION: Final = _phrases("oh,um,umm,well,ah,actually")
_DEED: Final = _phrases("move,send,pay,transfer")
_KINDS: Final[Mapping[tuple[str, ...], str]] = {
    phrase: kind
    for kind, phrases in (
        ("beside", _ASIDES),
        ("please", _PLEASE),
        ("thanks", _THANKS),
        ("hesitation", _HESITATION),
        ("and", _phrases("and")),
        ("deed", _DEED),
        ("do", _phrases("do")),
        ("confirm", _CONFIRM),
        ("fine", _FINE),
        ("ok", _OK),
        ("yes", _YES),
    )
    for phrase in phrases
}
_CONSENTS: Final = ("yes", "ok", "fine", "confirm")

_TOKENS: Final = re.compile(
    r"(?P<word>[^\W_]+(?:'[^\W_]+)*|[👍👌✅✔☑🆗🙂😊😀😃😄😁☺])|(?P<mark>[\s.,!;:…–—()\"'“”~-])|(?P<other>.)"
)
_DRAWN_OUT: Final = re.compile(r"([^\W\d_])\1{2,}")
_SKIN: Final = re.compile("[\U0001f3fb-\U0001f3ff]")


def consents(text: str, source: Mapping[str, Any], target: Mapping[str, Any]) -> bool:
    """Whether the text says yes, and nothing else, to moving money from the checked `source` to `target`.

    It may name them again ("yes, to Anna"), once; the caller has blanked out a repetition of the amount.
    """
    if is_payload(text):
        return text.strip() == PAYLOAD
    words = _words(text)
    if not words or len(text) > _LONGEST:
        return False
    kinds = _kinds(words, _repeated(source, target))
    if kinds.count("repeated") > 1:
        return False
    in_place = all(_is_in_place(kind, kinds[:at], kinds[at + 1 :]) for at, kind in enumerate(kinds))
    return in_place and _says_yes(kinds)


def _says_yes(kinds: Sequence[str]) -> bool:
    """Whether one of the phrases is a yes, given the others.

    "Fine, thanks" may decline, and "please confirm" asks us to.
    """
    declines = "fine" in kinds and "thanks" in kinds
    asks = "confirm" in kinds and "please" in kinds
    return "yes" in kinds or (not declines and not asks and any(kind in _CONSENTS for kind in kinds))


def _is_in_place(kind: str, before: Sequence[str], after: Sequence[str]) -> bool:
    """Whether the phrase may stand there: "oh" before a yes, "and" between two, "transfer" somewhere after one.

    A lone "do" must come last: "yes, do please".
    """
    if kind == "hesitation":
        return bool(after) and after[0] in ("yes", "hesitation")
    if kind == "and":
        return bool(before and after) and before[-1] in _CONSENTS and after[0] in _CONSENTS
    if kind == "deed":
        return "yes" in before or "ok" in before
    if kind == "do":
        return "yes" in before and all(other in ("please", "thanks") for other in after)
    return kind != "other"


def _kinds(words: Sequence[str], repeated: frozenset[tuple[str, ...]]) -> list[str]:
    """The kind of each phrase, matching the longest first: a kind of yes or a word that may go with one.

    The first word that is neither ends the list with "other".
    """
    kinds = {**dict.fromkeys(repeated, "repeated"), **_KINDS}
    found: list[str] = []
    at = 0
    while at < len(words):
        phrases = [tuple(words[at:end]) for end in range(len(words), at, -1)]
        phrase = next((phrase for phrase in phrases if phrase in kinds), None)
        if phrase is None:
            return [*found, "other"]
        found.append(kinds[phrase])
        at += len(phrase)
    return found


def _repeated(source: Mapping[str, Any], target: Mapping[str, Any]) -> frozenset[tuple[str, ...]]:
    """The ways to repeat where the money comes from and where it goes; not the other way round."""
    sources, targets = list(_names(source)), list(_names(target))
    out_of = [("from", *name) for name in sources]
    into = [(word, *name) for word, name in product(("to", "into", "pay"), targets)]
    both = [(*start, *end) for start, end in product([*out_of, *sources], into)]
    turned = [(*end, *start) for start, end in product(out_of, into)]
    return frozenset([*out_of, *into, *both, *turned])


def _names(side: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """What a checked account or payee may be called: a person by part of the name, an account with "my" before it."""
    if side.get("payee"):
        name = _words(side["nickname"]) or []
        yield from {tuple(name), *((word,) for word in name)}
        return
    spoken = str(side["spoken"]).removeprefix("your ")
    for name in {side["nickname"], spoken, spoken.replace(" account", "")}:
        for before, after in product(((), ("my",), ("the",), ("your",)), ((), ("account",))):
            yield (*before, *(_words(name) or ()), *after)


def _words(text: str) -> list[str] | None:
    """The words, without case and apostrophes.

    None if there is anything besides words and harmless punctuation, above all a "?".
    """
    plain = unicodedata.normalize("NFKC", _SKIN.sub("", text)).casefold().replace("’", "'")
    plain = "".join(c for c in plain if unicodedata.category(c) != "Cf" and c != "\ufe0f")
    tokens = list(_TOKENS.finditer(_DRAWN_OUT.sub(r"\1", plain)))
    if any(token.lastgroup == "other" for token in tokens):
        return None
    return [token.group().replace("'", "") for token in tokens if token.lastgroup == "word"]
