"""Where a message says which account pays and which is paid: pure.

What stands before an account says its side: money never comes "to savings", and never goes "from" them. The learned
roles of the entities count only where the words leave it open.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from bot import Parse

from .accounts import find_accounts
from .bank import Account
from .request import without_denied
from .text import lead

Side: TypeAlias = Literal["from_account", "to_account"]

_DETERMINED: Final = r"(?:\s+(?:my|our|your|the|a|an))?\s*\Z"
_OUT_OF: Final = re.compile(rf"\b(?:from|(?<!instead\s)of|using|use|with|via){_DETERMINED}", re.IGNORECASE)
_INTO: Final = re.compile(rf"(?:\b(?:to|into|onto|towards?)|->|→){_DETERMINED}", re.IGNORECASE)
_WITHIN: Final = re.compile(rf"\bin{_DETERMINED}", re.IGNORECASE)
_NOT: Final = re.compile(
    rf"\b(?:not|never|instead\s+of|rather\s+than|(?:do|does|did|wo|would|should|ca|could)n['’]?t)(?:\s+(?:from|to|into|in|use|using|touch|with|via|take|it|out|of)){{0,3}}{_DETERMINED}",
    re.IGNORECASE,
)
_CORRECTED: Final = re.compile(
    r"\W+(?:no|sorry|wait|actually|I\s+mean(?:t)?)\W+(?:(?:use|my|the|our)\s+)*", re.IGNORECASE
)
_ACCOUNT: Final = re.compile(
    r"\b(?:from|out\s+of|using|to|into|in)\s+(?:my|our)\s+((?!(?:other|own|bank|new|same)\b)\w+\s+account)\b",
    re.IGNORECASE,
)
_OTHER: Final[Mapping[Side, Side]] = {"from_account": "to_account", "to_account": "from_account"}
_ROLES: Final[Mapping[str | None, Side]] = {"from": "from_account", "to": "to_account"}


class Mention(Struct, frozen=True):
    """An account that a message names: where, with what words, and on which side if that is clear.

    `learned` is the side of the entity's role, which counts where the words do not say that side of another account.
    """

    start: int
    end: int
    said: str
    side: Side | None = None
    learned: Side | None = None
    denied: bool = False


def mentions(parse: Parse, accounts: Sequence[Account]) -> list[Mention]:
    """The accounts that the message names, by a kind or by their own names, each once and in their order."""
    marked = _marked(parse)
    if parse.text.startswith("/"):
        return marked
    named = list(_nicknames(parse.text, accounts))
    marked = [m for m in marked if not any(n.start < m.end and m.start < n.end for n in named)]
    wanted = without_denied(parse.text)
    found: list[Mention] = []
    for mention in sorted([*named, *marked], key=lambda m: m.start):
        sided = _sided(parse.text, wanted, mention)
        if found and _is_again(parse.text, sided, found[-1], accounts):
            found[-1] = replace(found[-1], end=sided.end)
        else:
            found.append(sided)
    return _corrected(parse.text, found)


def sides(found: Sequence[Mention], asked: str | None) -> dict[Side, str]:
    """What the mentions say for each side; one whose side is not clear answers what was `asked`, or is the other end.

    "Not savings, current": what is denied is left out.
    """
    given = [mention for mention in found if not mention.denied]
    known: dict[Side, str] = {m.side: m.said for m in given if m.side}
    if len(given) > 1 and not known:
        return {}  # "move £20 current savings": which way is to be asked
    for mention in (m for m in given if m.side is None):
        side = _open_side(mention, len(given), asked, known)
        if side:
            known[side] = mention.said
    return known


def names_unknown(text: str, found: Sequence[Mention]) -> bool:
    """Whether the text names an account by a kind that is none of those found: "from my joint account"."""
    named = (match.span(1) for match in _ACCOUNT.finditer(text))
    return any(not any(m.start < end and start < m.end for m in found) for start, end in named)


def _open_side(mention: Mention, count: int, asked: str | None, known: Mapping[Side, str]) -> Side | None:
    if mention.learned and mention.learned not in known:
        return mention.learned
    if asked in _OTHER and asked not in known:
        return "from_account" if asked == "from_account" else "to_account"
    if count == 2 and len(known) == 1:
        return _OTHER[next(iter(known))]
    return None


def _marked(parse: Parse) -> list[Mention]:
    """The entities; their learned roles hold for whole requests, where verbs say them: "feed my savings"."""
    roles = _ROLES if parse.intent_name == "transfer_money" else {}
    accounts = [entity for entity in parse.entities if entity.entity == "account"]
    return [Mention(e.start, e.end, str(e.value), learned=roles.get(e.role)) for e in accounts]


def _nicknames(text: str, accounts: Sequence[Account]) -> Iterator[Mention]:
    """Where accounts are named as the bank's tables and buttons name them, the longer names first."""
    taken: list[tuple[int, int]] = []
    for name in sorted({a.nickname for a in accounts if a.nickname.strip()}, key=len, reverse=True):
        for match in re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE):
            if not any(start < match.end() and match.start() < end for start, end in taken):
                taken.append(match.span())
                yield Mention(*match.span(), name)


def _sided(text: str, wanted: str, mention: Mention) -> Mention:
    before = lead(text, mention.start)
    denied = bool(_NOT.search(before)) or not wanted[mention.start : mention.end].strip()
    if _OUT_OF.search(before):
        return replace(mention, side="from_account", denied=denied)
    if _INTO.search(before):
        return replace(mention, side="to_account", denied=denied)
    if _WITHIN.search(before):
        return replace(mention, learned=mention.learned or "to_account", denied=denied)
    return replace(mention, denied=denied)


def _corrected(text: str, found: Sequence[Mention]) -> list[Mention]:
    """The mentions where one takes back another: "from current, no savings"."""
    said = list(found)
    for at, (before, mention) in enumerate(pairwise(found)):
        if mention.side is None and _CORRECTED.fullmatch(text, before.end, mention.start):
            said[at] = replace(before, denied=True)
            said[at + 1] = replace(mention, side=before.side, learned=before.learned)
    return said


def _is_again(text: str, mention: Mention, before: Mention, accounts: Sequence[Account]) -> bool:
    """Whether it is the account named before, as on a button, "Rainy day (savings account)", or in "rainy day pot"."""
    between = text[before.end : mention.start].strip(" (")
    if mention.side or mention.denied or between:
        return False
    return find_accounts(accounts, mention.said) == find_accounts(accounts, before.said)
