"""Parts of a message that look like a filter but were not read as one. Pure.

Silently ignoring a filter makes a true figure misleading, so whatever stands in the place of a filter ("on …",
"at …", "in …") must be covered by an entity, mean nothing ("in total"), or be asked about.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from rapidfuzz import fuzz, process

from bot import Entity, Parse

from ..text import GREATEST, JOINED_WORD, PRONOUNS, is_payload, listed, meets, pattern, swapped, without
from .directions import EMPLOYER
from .marks import covered, unnamed

_BEFORE_FILTERS: Final = listed(
    "on at from in since until till before after during by with for to into about of within"
)
_ENDS: Final = _BEFORE_FILTERS | listed("between and or but what which how when where whether that who than over under")
_BOTH: Final = listed(
    "is are was were am do does did have has had can could will would should show list give get find see look check "
    "sum put total want break split need like know i'd i've i'm what's be"
)
"""Words of a question or an order that are not filters even in the place of one."""


def _forms(verbs: frozenset[str]) -> frozenset[str]:
    """The verbs with their regular endings."""
    stems = {verb: verb.removesuffix("e") for verb in verbs}
    endings = ((verb, f"{verb}s", f"{stem}ing", f"{stem}ed", f"{stem}{stem[-1]}ing") for verb, stem in stems.items())
    return frozenset(form for forms in endings for form in forms)


_VERBS: Final = _forms(
    listed(
        "go make buy pay spend cost take give send get come leave use charge transfer receive earn arrive happen "
        "compare"
    )
) | listed("goes went gone been made bought paid spent took taken gave given sent got gotten came left")
"""Verbs for what money does and what is done with it."""

_EMPTY: Final = (
    _BOTH
    | PRONOUNS
    | _VERBS
    | listed(
        "a an the my our you i its here all any each every everything anything something some things thing stuff "
        "totals full detail details general particular order one ones account accounts bank money balance balances "
        "transaction transactions payment payments purchase purchases statement statements spending history record "
        "records lists activity entry lot far now just only please then again too also ever recently so mind more "
        "most much many moment whole items item entries times time period few couple last latest previous past "
        "recent altogether same shop shops store stores trips trip both either out up down off over back we friend "
        "friends lately own since ago expense expenses bill anybody anyone someone somebody people person name "
        "amount amounts number current state their i'll that's it's bot teller thanks thank cheers not yet still "
        "biggest largest smallest highest lowest earliest oldest newest top first single course fact quid pounds "
        "pound ok okay right fine alright yes yeah yep no hi hello hey pls well actually sorry oh um er hmm mate "
        "rather instead else next older breakdown least category categories merchant merchants month day sort "
        "sorted monthly weekly yearly annually annual kind as even app operation operations yo bruh lol haha "
        "honestly literally basically roughly exactly thus txn txns trans trx pymt pymts vs versus less difference "
        "differences comparison point"
    )
)
"""Words that may stand in the place of a filter without being one."""

_LONG_EMPTY: Final = sorted(word for word in _EMPTY if len(word) > 5)
_SHORTEST: Final = 4
_NEAR: Final = 85.0
"""The lowest similarity (0 to 100, rapidfuzz's ratio) of a typing mistake to the word it means."""

_NARROWS: Final = listed("friend friends charge charges trip trips bank lend lent")
"""Words that mean nothing next to a verb or a "my", but something after "on", "at" and the like, or alone."""

_IDLE: Final = _EMPTY | _ENDS
_IDLE_BEHIND: Final = _EMPTY - _NARROWS
"""Words that mean nothing after "on", "at" and the like."""

_MANNER: Final = listed("online abroad overseas contactless contactlessly")
"""Words that narrow payments down wherever they stand, by something that the bank does not record."""

_BANK: Final = pattern(
    r"\bbank(?= (?:accounts?|statements?|transactions?|balances?|history|records?|details|card)\b)"
    r"|(?<=in )(?:the |my )?bank\b(?! \w)|(?<=of )(?:the |my )bank\b(?! \w)"
)
_LEFT_OUT: Final = pattern(
    r"\b(exclud\w+|except|without|other than|apart from|besides|leaving out|but not"
    r"|(?:the|spen[dt]) least|not (?:at|on|from|in|for|counting))\b"
)
_RATE: Final = pattern(
    r"\b(averages?|on average|the mean|median|than (?:usual|normal)(?:ly)?|daily|fortnightly|quarterly"
    r"|(?:per|each|every) (?:week|fortnight|quarter|year)"
    r"|per ?cent(?:age)?|(?:what|which) (?:share|proportion|fraction|part)|(?:the|a) (?:share|proportion|fraction) of"
    r"|half (?:of )?(?:what|my|the|our|that|it)|(?:a|one) (?:third|half|quarter) of"
    rf"|(?:{GREATEST}|cheapest) (?:week|fortnight|quarter|year))\b|%"
)
_GIVEN_BACK: Final = pattern(
    r"\b(refund\w*|reimburse\w*|cash ?back|(?:get|got|gotten|getting|given|given|paid) back)\b"
)
_ONE_EACH: Final = ("category", "merchant", "payee", "time", "account")
_BESIDE_NOUNS: Final = _IDLE | listed("print display search overall outgoing incoming two three four five ten")
_NOUNS: Final = listed(
    "payments payment transactions transaction purchases purchase spending trips withdrawals withdrawal refunds refund "
    "costs expenses subscription balance balances account"
)
_BEFORE_NAMES: Final = listed(
    "my our last latest next this much many has have had did does pay paid paying give gave given send sent lend lent"
)
_BEFORE_SUBJECTS: Final = listed("have has had did do does")
_CUSTOMER: Final = listed("i we")
_ADVERBS: Final = listed("ever really actually already just also only now then usually normally typically still")
_SPENT: Final = listed(
    "blow blew blown waste wasted splash splashed burn burned burnt drop dropped shell shelled fork forked splurge "
    "splurged lay laid chuck chucked flush flushed squander squandered purchase purchased order ordered hand handed "
    "lend lent buy bought earn earned move moved shop shopped part parted use used manage managed"
)
"""Verbs for using money in general, whose meaning depends on the words around them."""

_ASKING: Final = _BOTH | listed(
    "how what which who whom when where why tell add count calculate work tot search print bring pull fetch display "
    "open where's who's how's whats wheres let help"
)
"""Words of a question or an order; a message without any of them is an incomplete sentence."""

_OF_BALANCES: Final = _EMPTY | listed(
    "finance finances cash dosh funds worth poor rich broke payday save saved savings available remaining money's "
    "doing looking left overdraft overdrawn red minus zero below debt negative limit holiday credit rent bills pot "
    "state closing opening exact actual real true full safe trouble"
)
_BEFORE_ACCOUNT: Final = pattern(r"\b(in|into|of|on)\s+((my|the|our|his|her|their|your)\s+)?\Z")
_ENDS_AS_ACCOUNT: Final = pattern(r"['’]s\Z|\b(accounts?|fund|pension|isa)\Z")
_BEHIND_ACCOUNT: Final = pattern(r"\s+(accounts?|balances?|fund|pot)\b")
_BETWEEN: Final = listed(
    "the a an my our your his her their this that these those savings saver saving pot current card cards credit "
    "everyday main last latest next recent first own whole total total's biggest smallest earliest oldest newest top "
    "single other old new dear"
)
"""Words that may stand before the word that names something."""


class _Word(NamedTuple):
    """A word of a message, its position, and whether an entity covers it."""

    text: str
    start: int
    end: int
    read: bool

    @property
    def folded(self) -> str:
        """The word in the form used for comparison."""
        return self.text.casefold()


def beyond(parse: Parse) -> str | None:
    """Words that ask for something the bot does not work out: an exclusion, an average, a share, or refunds in general.

    Words within a name do not count: the "weekly shop".
    """
    text = unnamed(parse)
    found = _LEFT_OUT.search(text) or _RATE.search(text) or (_GIVEN_BACK.search(text) if text == parse.text else None)
    return None if found is None or is_payload(text) else found.group()


def rivals(parse: Parse) -> list[str]:
    """The words of two filters of a kind of which only one is possible ("groceries and transport")."""
    for name in _ONE_EACH:
        found = [e for e in parse.entities if e.entity == name]
        if len({str(e.value).casefold() for e in found}) > 1 and not _overlap(found):
            return [parse.text[e.start : e.end] for e in found]
    return []


def _overlap(found: Sequence[Entity]) -> bool:
    """Whether two of them overlap, as a button's entities all do."""
    return any(meets(one, found[:at]) for at, one in enumerate(found))


def unread_phrases(parse: Parse) -> list[str]:
    """The phrases in the place of a filter that are neither covered by an entity nor meaningless.

    That place is after "on", "at", "in" and the like, before "payments", or where something is named: "my council tax",
    "how much cash", "has Jonas paid", "did the council", "have I gambled". A message without a question or a verb
    ("books in October") consists of filters only.
    """
    read = covered(parse)
    text = without(EMPLOYER, without(_BANK, parse.text))
    words = [_Word(m.group(), m.start(), m.end(), m.start() in read) for m in JOINED_WORD.finditer(text)]
    found: list[str] = []
    for at, word in enumerate(words):
        behind = words[at + 1 :]
        if word.folded in _BEFORE_FILTERS or word.folded in ("and", "or"):
            found += _object(text, behind) if not word.read else []
        elif word.folded in _BEFORE_NAMES:
            found += _named(text, behind)
            found += _done(behind) if word.folded in _BEFORE_SUBJECTS else []
        elif word.folded in _MANNER and not word.read:
            found.append(word.text)
        elif word.folded in _NOUNS and at and _means(words[at - 1]):
            found.append(words[at - 1].text)
    if not any(word.folded in _ASKING for word in words):
        found += _alone(text, words)
    return [
        phrase for phrase in dict.fromkeys(found) if not any(phrase != other and phrase in other for other in found)
    ]


def unread_owners(parse: Parse) -> list[str]:
    """What a question about a balance names in the place of an account, but is not one: "in my ISA", "Jonas's balance".

    "Do I have enough", "my bal" and "for a hotel" contain no such name.
    """
    owners = [phrase for phrase in unread_phrases(parse) if _stands_for_account(parse.text, phrase)]
    phrases = [re.sub(r"['’]s\Z", "", phrase) for phrase in owners]
    return [phrase for phrase in phrases if not set(phrase.casefold().split()) <= _OF_BALANCES]


def _stands_for_account(text: str, phrase: str) -> bool:
    """Whether the phrase stands after "in" or "of", before "account" or "balance", or says whose the money is."""
    if _ENDS_AS_ACCOUNT.search(phrase):
        return True
    places = [(found.start(), found.end()) for found in re.finditer(re.escape(phrase), text)]
    return any(_BEFORE_ACCOUNT.search(text[:start]) or _BEHIND_ACCOUNT.match(text[end:]) for start, end in places)


def _means(word: _Word) -> bool:
    """Whether a word before "payments" narrows them down but was not read."""
    return not word.read and word.folded not in _BESIDE_NOUNS and not word.text.isdigit()


def _object(text: str, words: Sequence[_Word]) -> Iterator[str]:
    """The words up to the next clause or entity, if they mean something that was not read."""
    taken: list[_Word] = []
    last = None
    for word in words:
        broken = last is not None and not text[last.end : word.start].isspace()
        if word.read or broken or word.folded in _ENDS:
            break
        if not _is_empty(word, _IDLE_BEHIND) and word.folded not in _ASKING and not word.text.isdigit():
            taken.append(word)
        last = word
    return _phrase(text, taken)


def _named(text: str, words: Sequence[_Word]) -> Iterator[str]:
    """The words right after this point that mean something that was not read."""
    taken: list[_Word] = []
    for word in words:
        if not taken and (word.folded in _BETWEEN or word.text.isdigit()):
            continue
        if word.read or _is_empty(word, _IDLE) or word.text.isdigit():
            break
        if taken and not text[taken[-1].end : word.start].isspace():
            break
        taken.append(word)
    return _phrase(text, taken)


def _phrase(text: str, taken: Sequence[_Word]) -> Iterator[str]:
    """The text from the first of the words to the last; nothing for a single, misspelt word without meaning."""
    if taken and not (len(taken) == 1 and _is_slip(taken[0])):
        yield text[taken[0].start : taken[-1].end]


def _alone(text: str, words: Sequence[_Word]) -> Iterator[str]:
    """What an incomplete sentence begins with, if a filter, a verb ("cash taken out") or the end follows."""
    for phrase in _named(text, words):
        end = text.index(phrase) + len(phrase)
        behind = next((word for word in words if word.start >= end), None)
        if behind is None or behind.read or behind.folded in _ENDS | _VERBS:
            yield phrase


def _done(words: Sequence[_Word]) -> Iterator[str]:
    """What the customer did, if it is not paying, buying, getting or the like: "have I gambled".

    "Lent" counts only if the words do not say to whom.
    """
    if len(words) < 2 or words[0].folded not in _CUSTOMER:
        return
    at = next((at for at, word in enumerate(words) if at and word.folded not in _ADVERBS), 1)
    verb, behind = words[at], words[at + 1 :]
    alone = not behind or behind[0].folded in _IDLE
    known = (_IDLE | _SPENT) - (_NARROWS if alone else frozenset())
    if not verb.read and verb.folded not in known and not (len(verb.text) >= _SHORTEST and _is_near(verb, known)):
        yield verb.text


def _is_empty(word: _Word, empty: frozenset[str]) -> bool:
    """Whether a word is one of these, perhaps with two adjacent letters swapped ("teh")."""
    return word.folded in empty or any(other in empty for other in swapped(word.folded))


def _is_slip(word: _Word) -> bool:
    """Whether a long word is a misspelt meaningless one ("my ballance")."""
    return word.folded not in _NARROWS and len(word.text) > _SHORTEST and _is_near(word, _LONG_EMPTY)


def _is_near(word: _Word, known: Iterable[str]) -> bool:
    """Whether the word may be one of these with a typing mistake."""
    return process.extractOne(word.folded, known, scorer=fuzz.ratio, score_cutoff=_NEAR) is not None
