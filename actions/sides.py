"""Where a message says which account pays and which is paid: pure.

What stands before an account says its side: money never comes "to savings", and never goes "from" them. The learned
roles of the entities count only where the words leave it open.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from bot import Parse

from .accounts import find_accounts
from .bank import Account
from .request import without_denied

Side: TypeAlias = Literal["from_account", "to_account"]

_DETERMINED: Final = r"(?:\s+(?:my|our|your|the|a|an))?\s*\Z"
_OUT_OF: Final = re.compile(rf"\b(?:from|out\s+of|using|use|with|via){_DETERMINED}", re.IGNORECASE)
_INTO: Final = re.compile(rf"(?:\b(?:to|into|onto|towards?)|->|→){_DETERMINED}", re.IGNORECASE)
_WITHIN: Final = re.compile(rf"\bin{_DETERMINED}", re.IGNORECASE)
_NOT: Final = re.compile(
    rf"\b(?:not|never|(?:do|does|did|wo|would|should|ca|could)n['’]?t)(?:\s+(?:from|to|into|in|use|using|touch|with|via|take|it|out|of)){{0,3}}{_DETERMINED}",
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
    found = [_sided(parse.text, mention) for mention in sorted([*named, *marked], key=lambda m: m.start)]
    return [m for m, before in zip(found, [None, *found], strict=False) if not _is_again(m, before, accounts)]


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


def _sided(text: str, mention: Mention) -> Mention:
    before = text[: mention.start]
    denied = bool(_NOT.search(before)) or not without_denied(text)[mention.start : mention.end].strip()
    if _OUT_OF.search(before):
        return replace(mention, side="from_account", denied=denied)
    if _INTO.search(before):
        return replace(mention, side="to_account", denied=denied)
    if _WITHIN.search(before):
        return replace(mention, learned=mention.learned or "to_account", denied=denied)
    return replace(mention, denied=denied)


def _is_again(mention: Mention, before: Mention | None, accounts: Sequence[Account]) -> bool:
    """Whether it is the account named right before, as on a button: "Rainy day (savings account)"."""
    if before is None or mention.side or mention.learned or mention.denied:
        return False
    return find_accounts(accounts, mention.said) == find_accounts(accounts, before.said)
