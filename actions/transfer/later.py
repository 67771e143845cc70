"""Whether a message wants money to move at a time other than now, or repeatedly. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Literal

from bot import Entity, Parse

from ..questions.amounts import MONEY
from ..questions.times import moment_of
from ..text import blanked, is_payload, pattern, spans

_WEEKDAY: Final = r"(?:mon|tues|wednes|thurs|fri|satur|sun)days?"
_UNIT: Final = rf"(?:days?|nights?|mornings?|weeks?|weekends?|fortnights?|months?|quarters?|years?|paydays?|{_WEEKDAY})"
_AGAIN: Final = pattern(
    rf"\b(?:every|each)\s+(?:\w+\s+){{0,2}}?(?:{_UNIT}|\d+(?:st|nd|rd|th))\b"
    rf"|\b(?:a|per)\s+(?:day|week|fortnight|month|quarter|year)\b"
    r"|\b(?:daily|weekly|fortnightly|monthly|quarterly|yearly|annually|regularly|recurring)\b"
    r"|\bstanding orders?\b|\bdirect debits?\b"
)
_LATER: Final = pattern(
    r"\b(?:later|some ?time|another day|in the (?:future|morning|afternoon|evening)|overnight|pay ?days?"
    r"|schedule|scheduled|in a (?:bit|while|moment|minute)|not yet|(?<!as )soon|when i(?:'m| am|’m| get) paid)\b"
)
_SUBJECT: Final = (
    r"(?:(?:I|we|he|she|they|it|that|there)(?:['’](?:m|s|ve|re|ll))?\b|you\b|(?:my|our|your|his|her|their|the)\s+\w+"
    r"|\w+\s+(?:is|are|has|have|goes?|comes?|gets?|arrives?|clears?|lands?)\b)"
)
_NO_MATTER: Final = (
    r"(?:you\s+(?:can|could|may|like|want|have\s+(?:a|the|time)|get\s+(?:a|the|time)|are\s+(?:ready|able))|you['’]re\s+ready"
    r"|it\s+suits|(?:it|that)['’]?s\s+(?:ok|okay|fine|possible|convenient))\b"
)
"""What makes a clause mere politeness: "when you can"."""
_PROVIDED: Final = r"(?:(?:as|so)\s+long\s+as|(?:provided|providing|assuming|on\s+condition)(?:\s+that)?)"
_IF_THERE: Final = r"if(?=\s+(?:(?:I|we)(?:\s+(?:still|do))?\s+have|there(?:\s+is|\s+are|['’]s))\b)"
_WAITS_FOR: Final = (
    rf"(?!{_NO_MATTER}|(?:is|are|was|were|do|does|did|will|can|should|would)\b){_SUBJECT}"
    r"(?:(?!\b(?:pay|send|move|transfer|put)\b)[^,.;!?])*"
)
_CONDITION: Final = pattern(rf"\b(?:when(?:ever)?|once|(?:as|so)\s+soon\s+as|after|until|till|unless)\s+{_WAITS_FOR}")
"""A clause that makes the payment wait for something: "once I get paid", "unless the rent has gone"."""
_PROVISION: Final = pattern(rf"\b(?:{_PROVIDED}|{_IF_THERE})\s+{_WAITS_FOR}")
"""A clause that makes the payment depend on something: "as long as I have £500 left"."""
_PROVISO: Final = pattern(
    rf"\b(?:{_PROVIDED}|depending\s+on|subject\s+to|while"
    r"|the\s+moment|only\s+(?:when|after|if)|but\s+do(?:n['’]?t|\s+not))\s+\w"
)
"""What makes an order depend on something; a yes that contains it is not a plain yes."""
_NAMED_DAY: Final = pattern(rf"\b{_WEEKDAY}\b")
_IDLE: Final = pattern(
    r"\b(?:yes|yeah|yep|no|nope|ok|okay|sure|please|but|do|make|move|pay|send|it|that|then|instead|rather|can|could|we"
    r"|you|i|i'd|want|would|like|on|only|just|a|an|the|not|now|today|better|at|for|from|be|should|this)\b|[^\w\s]"
)
_PUTTING_OFF: Final = (_AGAIN, _LATER, _CONDITION)
_SLACK: Final = timedelta(minutes=1)


def wants_later(parse: Parse, now: datetime, *, answer: bool) -> bool:
    """Whether a message about a transfer wants it later or repeatedly; `now` is aware.

    An `answer` within the form may have any intent. In a request for a transfer, or a yes to it, any other time counts,
    even a past one, since "on Friday" is read as last Friday. Any other answer must say little besides the time, so
    that a question about last month remains one.
    """
    if is_payload(parse.text) and not any(entity.entity == "time" for entity in parse.entities):
        return False
    times = _other_times(parse, now)
    if parse.intent_name in ("transfer_money", "affirm"):
        depends = parse.intent_name == "transfer_money" and bool(_PROVISO.search(parse.text))
        return depends or puts_off(parse.text) or bool(times)
    if not answer:
        return False
    ahead = puts_off(parse.text) or any(_begins_after(entity, now) for entity in times)
    if parse.intent_name == "inform":
        return ahead
    on_named_day = bool(times) and bool(_NAMED_DAY.search(parse.text))
    return (ahead or on_named_day) and _says_little_else(parse, now)


def puts_off(text: str) -> bool:
    """Whether words other than a date postpone a payment, repeat it, or make it wait for something."""
    return any(words.search(text) for words in _PUTTING_OFF)


def conditions(text: str) -> list[tuple[int, int]]:
    """The spans of the text that say what a payment should wait for or depend on: amounts there are not to be paid."""
    return [match.span() for words in (_CONDITION, _PROVISION) for match in words.finditer(text)]


def without_later(parse: Parse, now: datetime) -> str:
    """The text with whatever postpones or repeats the payment blanked out; all positions stay the same."""
    ahead = [
        entity
        for entity in _other_times(parse, now)
        if _begins_after(entity, now) or _NAMED_DAY.search(parse.text[entity.start : entity.end])
    ]
    phrases = [match.span() for words in _PUTTING_OFF for match in words.finditer(parse.text)]
    return blanked(parse.text, [*spans(ahead), *phrases])


def _other_times(parse: Parse, now: datetime) -> list[Entity]:
    """The times in the message that do not include this moment."""
    return [entity for entity in parse.entities if entity.entity == "time" and not _is_now(entity, now)]


def _is_now(entity: Entity, now: datetime) -> bool:
    """Whether the time includes this moment: now, today, this week, by Friday. One without readable ends does not."""
    start, end = _end_of(entity, "from"), _end_of(entity, "to")
    if start is None and end is None:
        return False
    has_begun = start is None or start <= now + _SLACK
    is_over = end is not None and end <= now - _SLACK
    return has_begun and not is_over


def _begins_after(entity: Entity, now: datetime) -> bool:
    start = _end_of(entity, "from")
    return start is not None and start > now


def _end_of(entity: Entity, end: Literal["from", "to"]) -> datetime | None:
    """One end of a time, as an aware datetime; None if it is open or not a datetime."""
    moment = moment_of((entity.details or {}).get(end))
    return moment if moment and moment.tzinfo else None


def _says_little_else(parse: Parse, now: datetime) -> bool:
    """Whether the text contains nothing of substance besides words of time and an amount."""
    said = spans(e for e in parse.entities if e.entity in ("time", MONEY, "number"))
    return not _IDLE.sub(" ", blanked(without_later(parse, now), said)).strip()
