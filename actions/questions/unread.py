"""What of a message looks like a filter but was not read as one: pure.

A filter that is passed over in silence makes a true figure misleading, so whatever stands where a filter stands
("on …", "at …", "in …") has to be covered by an entity, mean nothing ("in total"), or be asked about.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from rapidfuzz import fuzz, process

from bot import Entity, Parse

from ..text import JOINED_WORD, PRONOUNS, listed, swapped, without
from .marks import covered, unnamed

_BEFORE_FILTERS: Final = listed(
    "on at from in since until till before after during by with for to into about of within"
)
_ENDS: Final = _BEFORE_FILTERS | listed("between and or but what which how when where whether that who than over under")
_BOTH: Final = listed(
    "is are was were am do does did have has had can could will would should show list give get find see look check "
    "sum put total want break split need like know i'd i've i'm what's be"
)
"""Words of a question or an order that narrow nothing down where a filter stands."""

_EMPTY: Final = (
    _BOTH
    | PRONOUNS
    | listed(
        "a an the my our you i its here all any each every everything anything something some things thing stuff "
        "totals full detail details general particular order one ones account accounts bank money balance balances "
        "transaction transactions payment payments purchase purchases statement statements spending history record "
        "records lists activity entry lot far now just only please then again too also ever recently so go been "
        "mind more most much many moment whole items item entries times time period few couple last latest "
        "previous past recent altogether same shop shops store stores trips trip both either buying paying spend "
        "spent pay paid made make making going went gone out up down off over back we friend friends lately own "
        "since ago cost costs costing expense expenses bill charge charges charged take took taken taking gave "
        "given giving send sent sending receive received gets got getting come came coming earn earned transfer "
        "transfers transferred transferring arrive arrived happened happen anybody anyone someone somebody people "
        "person name amount amounts number current state use used using their i'll that's it's bot teller thanks "
        "thank cheers not yet still biggest largest smallest highest lowest earliest oldest newest top first "
        "single course fact quid pounds pound ok okay right fine alright yes yeah yep no hi hello hey pls well "
        "actually sorry oh um er hmm mate rather instead else next older breakdown least category categories "
        "merchant merchants month day sort sorted monthly weekly yearly annually annual kind as even app operation "
        "operations yo bruh lol haha honestly literally basically roughly exactly thus"
    )
)
"""What stands where a filter stands and narrows nothing down."""

_LONG_EMPTY: Final = sorted(word for word in _EMPTY if len(word) > 5)
_SHORTEST: Final = 4
_NEAR: Final = 85.0
"""The least likeness (0 to 100, rapidfuzz's ratio) of a slip of the keyboard to a word that it means."""

_NARROWS: Final = listed("friend friends charge charges trip trips bank lend lent")
"""Words that are empty beside a verb or a "my", and mean something behind "on", "at" and the like, or alone."""

_MANNER: Final = listed("online abroad overseas contactless contactlessly")
"""Words that narrow payments down wherever they stand; the bank says nothing of it."""

_BANK: Final = re.compile(
    r"\bbank(?= (?:accounts?|statements?|transactions?|balances?|history|records?|details|card)\b)"
    r"|(?<=in )(?:the |my )?bank\b(?! \w)|(?<=of )(?:the |my )bank\b(?! \w)",
    re.IGNORECASE,
)
_LEFT_OUT: Final = re.compile(
    r"\b(exclud\w+|except|without|other than|apart from|besides|leaving out|but not"
    r"|(?:the|spen[dt]) least|not (?:at|on|from|in|for|counting))\b",
    re.IGNORECASE,
)
_RATE: Final = re.compile(
    r"\b(averages?|on average|the mean|median|(?:per|each|every) (?:week|fortnight|quarter|year)"
    r"|daily|fortnightly|quarterly"
    r"|per ?cent(?:age)?|(?:what|which) (?:share|proportion|fraction|part)|(?:the|a) (?:share|proportion|fraction) of"
    r"|half (?:of )?(?:what|my|the|our|that|it)|(?:a|one) (?:third|half|quarter) of"
    r"|(?:most expensive|biggest|dearest|priciest|cheapest) (?:week|fortnight|quarter|year))\b|%",
    re.IGNORECASE,
)
_GIVEN_BACK: Final = re.compile(
    r"\b(refund\w*|reimburse\w*|cash ?back|(?:get|got|gotten|getting|given|given|paid) back)\b", re.IGNORECASE
)
_ONE_EACH: Final = ("category", "merchant", "payee", "time", "account")
_BESIDE_NOUNS: Final = _EMPTY | _ENDS | listed("print display search overall outgoing incoming two three four five ten")
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
"""What a customer does with money in general, or what the words beside it tell."""

_DETERMINERS: Final = listed("the a an my our your his her their this that these those")
_ACCOUNTS: Final = listed("savings saver saving pot current card cards credit everyday main")
_ASKING: Final = _BOTH | listed(
    "how what which who whom when where why tell add count calculate work tot search print bring pull fetch display "
    "open where's who's how's whats wheres let help"
)
"""Words of a question or an order; a message without any of them is half a sentence."""

_OF_BALANCES: Final = _EMPTY | listed(
    "finance finances cash dosh funds worth poor rich broke payday save saved savings available remaining money's "
    "doing looking left overdraft overdrawn red minus zero below debt negative limit holiday credit rent bills pot "
    "state closing opening exact actual real true full safe trouble"
)
_BEFORE_ACCOUNT: Final = re.compile(r"\b(in|into|of|on)\s+((my|the|our|his|her|their|your)\s+)?\Z", re.IGNORECASE)
_ENDS_AS_ACCOUNT: Final = re.compile(r"['’]s\Z|\b(accounts?|fund|pension|isa)\Z", re.IGNORECASE)
_BEHIND_ACCOUNT: Final = re.compile(r"\s+(accounts?|balances?|fund|pot)\b", re.IGNORECASE)
_BETWEEN: Final = listed(
    "last latest next recent first own whole total total's biggest smallest earliest oldest newest top single other "
    "old new dear"
)


def beyond(parse: Parse) -> str | None:
    """Words that ask for what is not worked out here: leaving something out, an average, a share, or refunds of all.

    Those of a name do not: the "weekly shop".
    """
    text = unnamed(parse)
    found = _LEFT_OUT.search(text) or _RATE.search(text) or (_GIVEN_BACK.search(text) if text == parse.text else None)
    return None if found is None or text.startswith("/") else found.group()


def rivals(parse: Parse) -> list[str]:
    """The words of filters of one kind of which only one can be taken ("groceries and transport")."""
    for name in _ONE_EACH:
        found = [e for e in parse.entities if e.entity == name]
        if len({str(e.value).casefold() for e in found}) > 1 and not _overlap(found):
            return [parse.text[e.start : e.end] for e in found]
    return []


def _overlap(found: Sequence[Entity]) -> bool:
    """Whether two stand on the same words; a button's entities all do."""
    return any(a is not b and a.start < b.end and b.start < a.end for a in found for b in found)


def unread_phrases(parse: Parse) -> list[str]:
    """What stands where a filter stands, and is neither covered by an entity nor empty.

    That is behind "on", "at", "in" and the like, before "payments", and where something is named: "my council tax",
    "how much cash", "has Jonas paid", "did the council", "have I gambled". A message without a question or a verb
    ("books in October") is all filters.
    """
    read = covered(parse)
    text = without(_BANK, parse.text)
    words = [(m.group(), m.start(), m.end()) for m in JOINED_WORD.finditer(text)]
    found: list[str] = []
    for at, (word, start, _) in enumerate(words):
        said = word.casefold()
        if said in _BEFORE_FILTERS or said in ("and", "or"):
            found += _object(text, words[at + 1 :], read) if start not in read else []
        elif said in _BEFORE_NAMES:
            found += _named(text, words[at + 1 :], read)
            found += _done(words[at + 1 :], read) if said in _BEFORE_SUBJECTS else []
        elif said in _MANNER and start not in read:
            found.append(word)
        elif said in _NOUNS and at and _means(words[at - 1], read):
            found.append(words[at - 1][0])
    if not any(word.casefold() in _ASKING for word, _, _ in words):
        found += _alone(text, words, read)
    return [
        phrase for phrase in dict.fromkeys(found) if not any(phrase != other and phrase in other for other in found)
    ]


def unread_owners(parse: Parse) -> list[str]:
    """What a question for a balance names, where an account is named, that is none: "in my ISA", "Jonas's balance".

    "Do I have enough", "my bal" and "for a hotel" name none.
    """
    owners = [phrase for phrase in unread_phrases(parse) if _stands_for_account(parse.text, phrase)]
    phrases = [re.sub(r"['’]s\Z", "", phrase) for phrase in owners]
    return [phrase for phrase in phrases if not set(phrase.casefold().split()) <= _OF_BALANCES]


def _stands_for_account(text: str, phrase: str) -> bool:
    """Whether the phrase stands behind "in" or "of", before "account" or "balance", or is whose the money is."""
    if _ENDS_AS_ACCOUNT.search(phrase):
        return True
    places = [(found.start(), found.end()) for found in re.finditer(re.escape(phrase), text)]
    return any(_BEFORE_ACCOUNT.search(text[:start]) or _BEHIND_ACCOUNT.match(text[end:]) for start, end in places)


def _means(word: tuple[str, int, int], read: frozenset[int]) -> bool:
    """Whether a word before "payments" narrows them down, and was not read."""
    said = word[0].casefold()
    return word[1] not in read and said not in _BESIDE_NOUNS and not said.isdigit()


def _object(text: str, words: Sequence[tuple[str, int, int]], read: frozenset[int]) -> Iterator[str]:
    """The words up to the next clause or entity, where they mean something that nobody read."""
    taken: list[tuple[int, int]] = []
    last = None
    for word, start, end in words:
        broken = last is not None and not text[last:start].isspace()
        if start in read or broken or word.casefold() in _ENDS:
            break
        if not _is_empty(word, _EMPTY - _NARROWS) and word.casefold() not in _ASKING and not word.isdigit():
            taken.append((start, end))
        last = end
    if taken and not (len(taken) == 1 and _is_slip(text[slice(*taken[0])])):
        yield text[taken[0][0] : taken[-1][1]]


def _named(text: str, words: Sequence[tuple[str, int, int]], read: frozenset[int]) -> Iterator[str]:
    """The words that follow at once and mean something that nobody read."""
    taken: list[tuple[int, int]] = []
    for word, start, end in words:
        said = word.casefold()
        if not taken and (said in _BETWEEN or said in _DETERMINERS or said in _ACCOUNTS or word.isdigit()):
            continue
        if start in read or _is_empty(word, _EMPTY) or said in _ENDS or word.isdigit():
            break
        if taken and not text[taken[-1][1] : start].isspace():
            break
        taken.append((start, end))
    if taken and not (len(taken) == 1 and _is_slip(text[slice(*taken[0])])):
        yield text[taken[0][0] : taken[-1][1]]


def _alone(text: str, words: Sequence[tuple[str, int, int]], read: frozenset[int]) -> Iterator[str]:
    """What half a sentence begins with, where nothing but a filter or the end stands behind it."""
    for phrase in _named(text, words, read):
        end = text.index(phrase) + len(phrase)
        behind = next((word for word in words if word[1] >= end), None)
        if behind is None or behind[1] in read or behind[0].casefold() in _ENDS:
            yield phrase


def _done(words: Sequence[tuple[str, int, int]], read: frozenset[int]) -> Iterator[str]:
    """What the customer did, where that is none of paying, buying, getting and the like: "have I gambled".

    Money that is lent says little where it is said to whom.
    """
    if len(words) < 2 or words[0][0].casefold() not in _CUSTOMER:
        return
    at = next((at for at, w in enumerate(words) if at and w[0].casefold() not in _ADVERBS), 1)
    (verb, start, _), behind = words[at], [word.casefold() for word, _, _ in words[at + 1 :]]
    alone = not behind or behind[0] in _EMPTY | _ENDS
    known = (_EMPTY | _ENDS | _SPENT) - (_NARROWS if alone else frozenset())
    near = len(verb) >= _SHORTEST and process.extractOne(verb.casefold(), known, scorer=fuzz.ratio, score_cutoff=_NEAR)
    if start not in read and verb.casefold() not in known and not near:
        yield verb


def _is_empty(word: str, empty: frozenset[str]) -> bool:
    """Whether a word is one of these, or one with two letters next to each other swapped ("teh")."""
    said = word.casefold()
    return said in empty or any(other in empty for other in swapped(said))


def _is_slip(word: str) -> bool:
    """Whether a long word is a misspelt one that narrows nothing down ("my ballance")."""
    if word.casefold() in _NARROWS:
        return False
    near = process.extractOne(word.casefold(), _LONG_EMPTY, scorer=fuzz.ratio, score_cutoff=_NEAR)
    return len(word) > _SHORTEST and near is not None
