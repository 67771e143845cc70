"""Invariants that hold for any text."""

import re
import sys
from datetime import UTC, date, datetime, timedelta
from types import FrameType

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.content import Annotation, Content, Domain, EntityType, Example, Lookup, NluData, Regex, Synonym
from bot.encoding import decode, encode
from bot.nlu.entities import EntityModel, train_entities
from bot.nlu.entities.grammar import DIMENSIONS, GrammarExtractor, Habits

GRAMMARS = [
    GrammarExtractor("past", DIMENSIONS, Habits()),
    GrammarExtractor("future", DIMENSIONS, Habits.of_duckling({}, "en")),
    GrammarExtractor("french", DIMENSIONS, Habits(language="fr")),
]
PAST = GRAMMARS[0]
NOW = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)

times = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))
words = st.sampled_from(
    re.findall(
        r"\S+",
        "the a an in on at to from by since until between and or last next this past before after ago of half quarter "
        "past one two three twenty hundred thousand million dozen couple few first third 3 5 12 30 31 99 2025 9999 0 "
        "monday friday may march october day days week month months year hour minutes weekend morning evening noon "
        "zero not no or before after later than earlier including starting fortnight summer gmt z t + 0900 thursady "
        "midnight tonight today tomorrow yesterday now christmas easter q 1 £ $ € EUR gbp pounds quid pence p k m . , "
        ": / - ' am pm o'clock st nd rd th fiver over under least up end start second point 000 00 @ www.a.com x@y.org",
    )
)
phrases = st.lists(st.tuples(words, st.sampled_from(["", " ", "  "])), max_size=25).map(
    lambda pairs: "".join(word + gap for word, gap in pairs)
)
texts = st.text(st.characters(), max_size=60) | phrases


@pytest.fixture(scope="module")
def model() -> EntityModel:
    def city(text: str, name: str) -> Example:
        start = text.index(name)
        mark = Annotation(start, start + len(name), "city", name, role="to", group="1")
        return Example(text, "travel", (mark,))

    examples = tuple(city(f"go to {name} please", name) for name in ("Paris", "São Paulo", "東京", "Oslo"))
    return train_entities(
        Content(
            domain=Domain(entities={name: EntityType(name) for name in ("time", "number", "city", "email")}),
            nlu=NluData(
                examples=(*examples, Example("hello", "greet")),
                synonyms=(Synonym("paname", "Paris"),),
                regexes=(Regex("city", r"\b[A-Z]{3}\b"),),
                lookups=(Lookup("city", ("New York", "İzmir", "東京")),),
            ),
        )
    )


@pytest.mark.parametrize("grammar", GRAMMARS, ids=lambda grammar: grammar.name)
@given(texts, times)
@example("in 9999 years since 31/12/9999 999999999999 months ago", datetime(9999, 12, 30, tzinfo=UTC))
@example("40 million trillion, 999999999999999 years, £999999999999999 billion", NOW)
@example("the day before yesterday, 999 weeks ago at 12am", datetime(1, 1, 2, tzinfo=UTC))
@example("\u200bto\u200bmorrow £５０ İ ﬁve ½ ² ① \ud800 👩‍👩‍👧", NOW)
def test_spans_do_not_overlap_and_values_survive_json(grammar: GrammarExtractor, text: str, now: datetime) -> None:
    free = 0
    for entity in grammar.extend(text, now, []):
        assert free <= entity.start < entity.end <= len(text)
        assert text[entity.start : entity.end].strip() == text[entity.start : entity.end] != ""
        assert decode(encode([entity.value, entity.details])) == [entity.value, entity.details]
        free = entity.end


@given(texts)
def test_model_accepts_any_text(model: EntityModel, text: str) -> None:
    for entity in model.extract(text, NOW):
        assert 0 <= entity.start < entity.end <= len(text)
        assert entity.confidence is not None
        assert 0 <= entity.confidence <= 1


@given(phrases)
def test_unrelated_word_before_the_text_only_shifts_spans(text: str) -> None:
    plain = [(e.entity, e.value, e.start, e.end) for e in PAST.extend("hello , " + text, NOW, [])]
    shifted = [(e.entity, e.value, e.start - 6, e.end - 6) for e in PAST.extend("hello hello , " + text, NOW, [])]
    assert shifted == plain


@given(st.dates(date(1970, 1, 1), date(2069, 12, 31)))
def test_written_date_is_read_back_unchanged(day: date) -> None:
    month = day.strftime("%B")
    ending = "th" if 10 < day.day < 14 else {1: "st", 2: "nd", 3: "rd"}.get(day.day % 10, "th")
    forms = [
        day.isoformat(),
        f"{day.day}/{day.month}/{day.year}",
        f"{day.day:02}.{day.month:02}.{day.year}",
        f"{day.day} {month} {day.year}",
        f"{month[:3]} {day.day}, {day.year}",
        f"the {day.day}{ending} of {month} {day.year}",
        f"{day.strftime('%A')}, {day.day} {month} {day.year}",
    ]
    for form in forms:
        (entity,) = PAST.extend(f"it was {form}, I think", NOW, [])
        assert (entity.value[:10], entity.details["grain"]) == (day.isoformat(), "day"), form


@given(times.filter(lambda now: 1000 < now.year < 9000), st.integers(1, 500))
def test_relative_days_are_counted_from_now(now: datetime, days: int) -> None:
    for phrase, moved in ((f"{days} days ago", now - timedelta(days)), (f"in {days} days", now + timedelta(days))):
        (entity,) = GrammarExtractor("g", frozenset({"time"}), Habits()).extend(phrase, now, [])
        assert entity.value[:10] == moved.date().isoformat()


@given(times.filter(lambda now: 1000 < now.year < 9000), phrases)
def test_intervals_are_in_order(now: datetime, text: str) -> None:
    for entity in GrammarExtractor("g", frozenset({"time"}), Habits()).extend(text, now, []):
        if {"from", "to"} <= set(entity.details):
            assert entity.details["from"]["value"] < entity.details["to"]["value"]


@given(st.datetimes(datetime(1000, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC)), st.data())
def test_range_containing_today_keeps_its_years(now: datetime, data: st.DataObject) -> None:
    first = now.date() - timedelta(data.draw(st.integers(0, 100)))
    last = now.date() + timedelta(data.draw(st.integers(0, 100)))
    if "02-29" in {f"{first:%m-%d}", f"{last:%m-%d}"} or first == last:
        return
    for grammar in GRAMMARS[:2]:
        for text in (
            f"from {first.day} {first:%B} to {last.day} {last:%B}",
            f"between {first:%B} {first.day} and {last:%B} {last.day}",
        ):
            (entity,) = GrammarExtractor("g", frozenset({"time"}), Habits(prefer=grammar.habits.prefer)).extend(
                text, now, []
            )
            assert entity.details["from"]["value"][:10] == first.isoformat(), text
            assert entity.details["to"]["value"][:10] == (last + timedelta(1)).isoformat(), text


@pytest.mark.parametrize(
    "piece",
    [
        "two hundred and ",
        "a.b",
        "@a",
        "12/",
        "£5 ",
        "Fri, Jul 18 ",
        "1 ",
        "9",
        "between 3 and ",
        "+44 0",
        "\u200b",
        "http://",
        "(",
        "half ",
        "q",
        "3 may to ",
        "2 hours ",
    ],
)
def test_work_grows_linearly_with_the_text(model: EntityModel, piece: str) -> None:
    short, long = (count_calls(model, piece * (size // len(piece))) for size in (500, 4_000))
    assert long <= 10 * short


def count_calls(model: EntityModel, text: str) -> int:
    """The number of function calls to find the entities of a text."""
    made = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal made
        made += event in {"call", "c_call"}

    model.extract(text, NOW)  # fills the caches, which are not measured
    sys.setprofile(count)
    try:
        model.extract(text, NOW)
    finally:
        sys.setprofile(None)
    return made
