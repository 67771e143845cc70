"""Parts of a message that look like a filter but were not read as one. Pure.

Silently ignoring a filter makes a true figure misleading, so whatever stands in the place of a filter ("on …",
"at …", "in …") must be covered by an entity, mean nothing ("in total"), or be asked about.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import dropwhile
from typing import Final, NamedTuple

from rapidfuzz import fuzz, process

from bot import Parse

from ..text import JOINED_WORD, PRONOUNS, SUPERLATIVES, listed, pattern, swapped, without
from .directions import EMPLOYER
from .marks import covered

# --- where a filter may stand ------------------------------------------------

_PREPOSITIONS: Final = listed("on at from in since until till before after during by with for to into about of within")
_ENDS: Final = _PREPOSITIONS | listed("between and or but what which how when where whether that who than over under")
"""Words that end a filter, because another one or another clause begins."""

_BEFORE_NAMES: Final = listed(
    "my our last latest next this much many has have had did does pay paid paying give gave given send sent lend lent"
)
"""Words right before a name, which nothing else marks: "my council tax", "has Jonas paid"."""

_MODIFIERS: Final = (
    listed(
        "the a an my our your his her their this that these those savings saver saving pot current card cards credit "
        "everyday main last latest next recent first own whole total total's earliest oldest newest top "
        "single other old new dear"
    )
    | SUPERLATIVES
)
"""Words between one of `_BEFORE_NAMES` and the name: "my current council tax"."""

_NOUNS: Final = listed(
    "payments payment transactions transaction purchases purchase spending trips withdrawals withdrawal refunds refund "
    "costs expenses subscription balance balances account worth"
)
"""Words that a filter stands right before: "my zumba payments"."""

_MANNER: Final = listed("online abroad overseas contactless contactlessly")
"""Words that narrow payments down wherever they stand, by something that the bank does not record."""

_BEFORE_SUBJECTS: Final = listed("have has had did do does")
_CUSTOMER: Final = listed("i we")
_ADVERBS: Final = listed("ever really actually already just also only now then usually normally typically still")
"""Words between "have I" and what the customer did."""

_BEFORE_ACCOUNT: Final = pattern(r"\b(in|into|of|on)\s+((my|the|our|his|her|their|your)\s+)?\Z")
_BEHIND_ACCOUNT: Final = pattern(r"\s+(accounts?|balances?|fund|pot|worth)\b")
_ENDS_AS_ACCOUNT: Final = pattern(r"['’]s\Z|\b(accounts?|fund|pension|isa)\Z")

_BANK: Final = pattern(
    r"\bbank(?= (?:accounts?|statements?|transactions?|balances?|history|records?|details|card)\b)"
    r"|(?<=in )(?:the |my )?bank\b(?! \w)|(?<=of )(?:the |my )bank\b(?! \w)"
)
"""The bank itself, which is no filter: "my bank statement", "how much is in the bank"."""

# --- words that mean nothing there -------------------------------------------


def _forms(verbs: frozenset[str]) -> frozenset[str]:
    """The verbs with their regular endings."""
    forms: set[str] = set()
    for verb in verbs:
        stem = verb.removesuffix("e")
        forms |= {verb, f"{verb}s", f"{stem}ing", f"{stem}ed", f"{stem}{stem[-1]}ing"}
    return frozenset(forms)


_VERBS: Final = _forms(
    listed(
        "go make buy pay spend cost take give send get come leave use charge transfer receive earn arrive happen "
        "compare"
    )
) | listed("goes went gone been made bought paid spent took taken gave given sent got gotten came left")
"""Verbs for what money does and what is done with it."""

_QUESTION_WORDS: Final = listed(
    "is are was were am do does did have has had can could will would should show list give get find see look check "
    "sum put total want break split need like know i'd i've i'm what's be print search display"
)
_ASKING: Final = _QUESTION_WORDS | listed(
    "how what which who whom when where why tell add count calculate work tot bring pull fetch open where's who's "
    "how's whats wheres let help"
)
"""Words of a question or an order; a message without any of them is an incomplete sentence."""

_EMPTY: Final = (
    _QUESTION_WORDS
    | PRONOUNS
    | _VERBS
    | SUPERLATIVES
    | listed(
        "a an the my our you i its here all any each every everything anything something some things thing stuff "
        "totals full detail details general particular order one ones account accounts bank money balance balances "
        "transaction transactions payment payments purchase purchases statement statements history record records "
        "lists activity entry lot far now just only please then again too also ever recently so mind more most much "
        "many moment whole items item entries times time period few couple last latest previous past recent altogether "
        "same shop shops store stores trips trip both either out up down off over back we friend friends lately own "
        "since ago expense expenses bill anybody anyone someone somebody people person name amount amounts number "
        "current state their i'll that's it's bot teller thanks thank cheers not yet still "
        "earliest oldest newest top first single course fact quid pounds pound ok okay right fine "
        "alright yes yeah yep no hi hello hey pls well actually sorry oh um er hmm mate rather instead else next older "
        "breakdown least category categories merchant merchants month day sort sorted monthly weekly yearly annually "
        "annual kind as even app operation operations yo bruh lol haha honestly literally basically roughly exactly "
        "thus txn txns trans trx pymt pymts vs versus less difference differences comparison point overall incoming "
        "outgoing ending oops wait nope expenditure expenditures worth difference big bigger"
    )
)
"""Words that may stand in the place of a filter without being one."""

_NARROWS: Final = listed("friend friends charge charges trip trips bank lend lent")
"""Words that mean nothing next to a verb or a "my", but something after "on", "at" and the like, or alone."""

_IDLE: Final = _EMPTY | _ENDS
_IDLE_AFTER_PREPOSITION: Final = _EMPTY - _NARROWS

_USING_MONEY: Final = listed(
    "blow blew blown waste wasted splash splashed burn burned burnt drop dropped shell shelled fork forked splurge "
    "splurged lay laid chuck chucked flush flushed squander squandered purchased ordered hand handed lend lent move "
    "moved shopped part parted manage managed"
)
"""Verbs after "have I" that ask about money in general: their meaning depends on the words around them."""

_OF_BALANCES: Final = _EMPTY | listed(
    "net finance finances cash dosh funds worth poor rich broke payday save saved savings available remaining money's "
    "doing looking overdraft overdrawn red minus zero below debt negative limit holiday credit rent bills pot closing "
    "opening exact actual real true safe trouble"
)
"""Words that stand in the place of an account without being one: "in the red", "my closing balance"."""

# --- misspelt words ----------------------------------------------------------

_LONG_EMPTY: Final = sorted(word for word in _EMPTY if len(word) > 5)
_SHORTEST: Final = 4
"""A shorter word resembles too many others to count as misspelt."""

_NEAR: Final = 85.0
"""The lowest similarity (0 to 100, rapidfuzz's ratio) of a typing mistake to the word it means."""


class _Word(NamedTuple):
    """A word of a message, its position, and whether an entity covers it, and which is only a number."""

    text: str
    start: int
    end: int
    read: bool
    number: bool

    @property
    def folded(self) -> str:
        """The word in the form used for comparison."""
        return self.text.casefold()


def unread_phrases(parse: Parse) -> list[str]:
    """The phrases in the place of a filter that are neither covered by an entity nor meaningless.

    That place is after "on", "at", "in" and the like, before "payments", or where something is named: "my council tax",
    "how much cash", "has Jonas paid", "did the council", "have I gambled". A message without a question or a verb
    ("books in October") consists of filters only.
    """
    read = covered(parse)
    text = without(EMPLOYER, without(_BANK, parse.text))
    numbers = {at for e in parse.entities if e.entity == "number" for at in range(e.start, e.end)}
    words = [
        _Word(m.group(), m.start(), m.end(), m.start() in read, m.group().isdigit() or m.start() in numbers)
        for m in JOINED_WORD.finditer(text)
    ]
    found = [phrase for at in range(len(words)) for phrase in _phrases_at(text, words, at)]
    if not any(word.folded in _ASKING for word in words):
        found.append(_first_named(text, words))
    phrases = list(dict.fromkeys(phrase for phrase in found if phrase))
    return [phrase for phrase in phrases if not any(phrase != other and phrase in other for other in phrases)]


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
    places = [found.span() for found in re.finditer(re.escape(phrase), text)]
    return any(_BEFORE_ACCOUNT.search(text[:start]) or _BEHIND_ACCOUNT.match(text[end:]) for start, end in places)


def _phrases_at(text: str, words: Sequence[_Word], at: int) -> Iterator[str | None]:
    """What was not read in the places that the word at this index marks; None for a place without such words."""
    word, behind = words[at], words[at + 1 :]
    if word.folded in _PREPOSITIONS or word.folded in ("and", "or"):
        yield None if word.read else _after_preposition(text, behind)
    elif word.folded in _BEFORE_NAMES:
        yield _named(text, behind)
        yield _done(behind) if word.folded in _BEFORE_SUBJECTS else None
    elif word.folded in _MANNER and not word.read:
        yield word.text
    elif word.folded in _NOUNS and at:
        yield _before_noun(words[at - 1])


def _after_preposition(text: str, words: Sequence[_Word]) -> str | None:
    """The words up to the next clause or entity, if they mean something."""
    meant: list[_Word] = []
    last = None
    for word in words:
        parted = last is not None and not text[last.end : word.start].isspace()
        if word.read or parted or word.folded in _ENDS:
            break
        if not (_is_one_of(word, _IDLE_AFTER_PREPOSITION) or word.folded in _ASKING or word.text.isdigit()):
            meant.append(word)
        last = word
    return _phrase(text, meant)


def _named(text: str, words: Sequence[_Word]) -> str | None:
    """The first of these words that mean something, if only modifiers stand before them."""
    name: list[_Word] = []
    for word in dropwhile(lambda word: word.folded in _MODIFIERS or word.number, words):
        parted = bool(name) and not text[name[-1].end : word.start].isspace()
        if word.read or parted or _is_one_of(word, _IDLE) or word.number:
            break
        name.append(word)
    return _phrase(text, name)


def _phrase(text: str, words: Sequence[_Word]) -> str | None:
    """The text from the first of the words to the last; None for a single, misspelt word without meaning."""
    if not words or (len(words) == 1 and _is_slip(words[0])):
        return None
    return text[words[0].start : words[-1].end]


def _first_named(text: str, words: Sequence[_Word]) -> str | None:
    """What an incomplete sentence begins with, if a filter, a verb ("cash taken out") or the end follows."""
    phrase = _named(text, words)
    if phrase is None:
        return None
    end = text.index(phrase) + len(phrase)
    behind = next((word for word in words if word.start >= end), None)
    return phrase if behind is None or behind.read or behind.folded in _ENDS | _VERBS else None


def _done(words: Sequence[_Word]) -> str | None:
    """What the customer did, if it is not paying, buying, getting or the like: "have I gambled".

    "Lent" counts only if the words do not say to whom.
    """
    if not words or words[0].folded not in _CUSTOMER:
        return None
    rest = [*dropwhile(lambda word: word.folded in _ADVERBS, words[1:])]
    if not rest:
        return None
    verb, behind = rest[0], rest[1:]
    alone = not behind or behind[0].folded in _IDLE
    known = (_IDLE | _USING_MONEY) - (_NARROWS if alone else frozenset())
    is_known = verb.folded in known or (len(verb.text) >= _SHORTEST and _is_near(verb, known))
    return None if verb.read or is_known else verb.text


def _before_noun(word: _Word) -> str | None:
    """The word before "payments", if it narrows them down."""
    return None if word.read or word.folded in _IDLE or word.text.isdigit() else word.text


def _is_one_of(word: _Word, known: frozenset[str]) -> bool:
    """Whether a word is one of these, perhaps with two adjacent letters swapped ("teh")."""
    return word.folded in known or any(other in known for other in swapped(word.folded))


def _is_slip(word: _Word) -> bool:
    """Whether a long word is a misspelt meaningless one ("my ballance"); a mere plural ("courses") is another word."""
    own_meaning = word.folded in _NARROWS or word.folded.removesuffix("s") in _EMPTY
    return not own_meaning and len(word.text) > _SHORTEST and _is_near(word, _LONG_EMPTY)


def _is_near(word: _Word, known: Iterable[str]) -> bool:
    """Whether the word may be one of these with a typing mistake, which hardly anybody makes in the first letter."""
    alike = [other for other in known if other[:1] == word.folded[:1]]
    return process.extractOne(word.folded, alike, scorer=fuzz.ratio, score_cutoff=_NEAR) is not None
