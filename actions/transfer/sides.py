"""Which account pays and which is paid, according to a message. Pure.

The words before an account decide its side: after "to" it never pays, and after "from" it is never paid. The learned
roles of the entities count only if the words leave it open.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Final, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace
from rapidfuzz import fuzz

from bot import Parse

from ..bank import Account
from ..questions.accounts import KIND_WORDS, find_accounts
from ..questions.names import spoken_names
from ..text import blanked, is_payload, lead, meets, pattern
from .request import ends_in_correction, not_meant

Side: TypeAlias = Literal["from_account", "to_account"]
SIDES: Final[tuple[Side, Side]] = ("from_account", "to_account")

_DETERMINED: Final = r"(?:\s+(?:my|our|your|the|a|an))?\s*\Z"
_OUT_OF: Final = pattern(rf"\b(?:from|frm|fron|form|(?<!instead\s)of|using|use|with|via){_DETERMINED}")
_INTO: Final = pattern(rf"(?:\b(?:to|too|into|onto|towards?)|->|→){_DETERMINED}")
_DRAINED: Final = pattern(r"(?:\s+(?:account|pot))?\s+down\s+to\b")
"""What follows an account that pays until little is left: "bring current down to £500"."""
_WITHIN: Final = pattern(rf"\bin{_DETERMINED}")
_JOINED: Final = pattern(r"\W*\b(?:or|and|but|nor)\b\W*(?:(?:my|our|your|the)\s+)?|\s*[&/+]\s*")
_ACCOUNT: Final = pattern(
    r"\b(?:from|out\s+of|using|to|into|in)\s+(?:my|our)\s+((?!(?:other|own|bank|new|same)\b)\w+\s+account)\b"
)
_BEHIND: Final = pattern(
    r"\b(?:(?P<from>from|frm|fron|form|out\s+of)|(?:to|too|into|onto|towards?))\s+(?:(?:my|our|the)\s+)?"
    r"(?P<said>[a-z]{4,}(?:\s+[a-z]{3,})?)"
)
_NEAR: Final = 80.0
"""The lowest similarity (0 to 100, rapidfuzz's ratio) of an account's misspelt name; the reply says how it was read."""
OTHER: Final[Mapping[Side, Side]] = {"from_account": "to_account", "to_account": "from_account"}
_ROLES: Final[Mapping[str | None, Side]] = {"from": "from_account", "to": "to_account"}
_SOURCE: Final = pattern(r"\b(?:from|frm|fron|form|of|off|using|use|with(?!\s+[£\d])|via)\b")


class Mention(Struct, frozen=True):
    """An account that a message names: its position, the words, and the side if that is clear.

    `learned` is the side of the entity's role, which counts unless the words give that side to another account.
    """

    start: int
    end: int
    said: str
    side: Side | None = None
    learned: Side | None = None
    denied: bool = False
    misspelt: bool = False


def mentions(parse: Parse, accounts: Sequence[Account]) -> list[Mention]:
    """The accounts that the message names, by kind or by nickname, each once and in order."""
    marked = _marked(parse)
    if is_payload(parse.text):
        return marked
    named = [Mention(s.start, s.end, s.name) for s in spoken_names(parse.text, (a.nickname for a in accounts))]
    marked = [m for m in marked if not meets(m, named)]
    wanted = blanked(parse.text, not_meant(parse.text))
    found: list[Mention] = []
    for mention in sorted([*named, *marked], key=lambda m: m.start):
        sided = _sided(parse.text, wanted, mention)
        if found and _is_again(parse.text, sided, found[-1], accounts):
            found[-1] = replace(found[-1], end=sided.end)
        else:
            found.append(sided)
    slips = [m for m in _misspelt(parse.text, accounts) if not meets(m, found)]
    return _beside_each_other(parse.text, sorted([*found, *slips], key=lambda m: m.start))


def sides(found: Sequence[Mention], asked: str | None, *, person: bool = False) -> dict[Side, str | None]:
    """The account that the mentions give for each side; None for a side that is given two.

    An account whose side is not clear answers what was `asked`, or is the other end; if a `person` is paid, it pays.
    Denied accounts ("not savings, current") are left out.
    """
    sided = [mention for mention in found if mention.side and not mention.denied]
    open_ones = [mention for mention in found if not mention.side and not mention.denied]
    if len(open_ones) > 1 and not sided and not person:
        return {}  # "move £20 current savings": the direction has to be asked
    count = len(sided) + len(open_ones)
    known: dict[Side, str | None] = {}
    for mention in [*sided, *open_ones]:
        side = mention.side or ("from_account" if person else _open_side(mention, count, asked, known))
        if side:
            conflicts = known.get(side, mention.said) != mention.said
            known[side] = None if conflicts else mention.said
    return known


def names_unknown(text: str, found: Sequence[Mention]) -> bool:
    """Whether the text names a kind of account that was not found: "from my joint account"."""
    for match in _ACCOUNT.finditer(text):
        start, end = match.span(1)
        if not any(mention.start < end and start < mention.end for mention in found):
            return True
    return False


def may_say_source(text: str) -> bool:
    """Whether the text contains a word such as "from" that may say which account pays."""
    return bool(_SOURCE.search(text))


def _open_side(mention: Mention, count: int, asked: str | None, known: Mapping[Side, str | None]) -> Side | None:
    """The side of an account, one of `count`, before which no word gives it."""
    if mention.learned and mention.learned not in known:
        return mention.learned
    for side in SIDES:
        if side == asked and side not in known:
            return side
    if count == 2 and len(known) == 1:
        return OTHER[next(iter(known))]
    return None


def _marked(parse: Parse) -> list[Mention]:
    """The entities; their learned roles count only in whole requests, where verbs imply them: "feed my savings"."""
    roles = _ROLES if parse.intent_name == "transfer_money" else {}
    accounts = [entity for entity in parse.entities if entity.entity == "account"]
    return [Mention(e.start, e.end, str(e.value), learned=roles.get(e.role)) for e in accounts]


def _misspelt(text: str, accounts: Sequence[Account]) -> Iterator[Mention]:
    """Words after "from" or "to" (perhaps misspelt themselves) that resemble the name of one of the accounts."""
    nicknames = [account.nickname.casefold() for account in accounts]
    names = [name for name in dict.fromkeys([*KIND_WORDS, *nicknames]) if find_accounts(accounts, name)]
    for match in _BEHIND.finditer(text):
        words = match["said"].casefold().split()
        pairs = product((words[0], " ".join(words)), names)
        likeness, name, length = max(
            ((fuzz.ratio(said, name), name, len(said)) for said, name in pairs), default=(0.0, "", 0)
        )
        if likeness >= _NEAR:
            side: Side = "from_account" if match["from"] else "to_account"
            start, end = match.start("said"), match.start("said") + length
            yield Mention(start, end, name, side, misspelt=text[start:end].casefold() != name)


def _sided(text: str, wanted: str, mention: Mention) -> Mention:
    """The mention with the side that the words before it give; it is denied if it is blank in `wanted`."""
    before = lead(text, mention.start)
    side: Side | None = None
    if _OUT_OF.search(before) or _DRAINED.match(text, mention.end):
        side = "from_account"
    elif _INTO.search(before):
        side = "to_account"
    learned = mention.learned or ("to_account" if _WITHIN.search(before) else None)
    denied = not wanted[mention.start : mention.end].strip()
    return replace(mention, side=side, learned=learned, denied=denied)


def _beside_each_other(text: str, found: Sequence[Mention]) -> list[Mention]:
    """The mentions after one has corrected another ("from current, no savings") or shares its side ("from a or b")."""
    said = list(found)
    for at, mention in enumerate(found[1:], 1):
        before = said[at - 1]
        between = text[before.end : mention.start]
        corrects = ends_in_correction(between) and mention.side in (None, before.side)
        joins = before.side and not mention.side and _JOINED.fullmatch(between)
        if corrects:
            said[at - 1] = replace(before, denied=True)
        if corrects or joins:
            said[at] = replace(mention, side=before.side or mention.side, learned=before.learned)
    return said


def _is_again(text: str, mention: Mention, before: Mention, accounts: Sequence[Account]) -> bool:
    """Whether it names the previous account again, as in "Rainy day (savings account)" or "rainy day pot"."""
    between = text[before.end : mention.start].strip(" (")
    if mention.side or mention.denied or between:
        return False
    return find_accounts(accounts, mention.said) == find_accounts(accounts, before.said)
