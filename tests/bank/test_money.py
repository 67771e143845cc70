from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.bank.money import minor_digits, read_amount, write_amount
from actions.formatting import format_date, format_moment, format_money

currencies = st.sampled_from(["GBP", "JPY", "BHD", "CHF"])


@given(st.integers(1, 10**13 - 1), currencies)
def test_written_amount_reads_back(minor: int, currency: str) -> None:
    assert read_amount(write_amount(minor, currency), currency) == minor


@given(st.integers(0, 10**13 - 1), st.integers(0, 10**5 - 1), currencies)
def test_only_whole_minor_units_are_read(whole: int, fraction: int, currency: str) -> None:
    text, unit = f"{whole}.{fraction:05}", 10 ** (5 - minor_digits(currency))
    if fraction % unit:
        with pytest.raises(ValueError, match="whole"):
            read_amount(text, currency)
    else:
        assert read_amount(text, currency) * unit == whole * 10**5 + fraction


@pytest.mark.parametrize("text", ["", ".5", "5.", "-1", "+1", "1,000", "1e3", " 1", "1\n", "0x1", "1.123456", "９"])
def test_malformed_amount_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        read_amount(text, "GBP")


@pytest.mark.parametrize("minor", [0, -1])
def test_writing_zero_or_a_negative_amount_is_rejected(minor: int) -> None:
    with pytest.raises(ValueError, match="positive"):
        write_amount(minor, "GBP")


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (123_456, "GBP", "£1,234.56"),
        (-14_530, "GBP", "-£145.30"),
        (5, "GBP", "£0.05"),
        (-5, "GBP", "-£0.05"),
        (0, "GBP", "£0.00"),
        (100_000_000_00, "GBP", "£100,000,000.00"),
        (123_456, "EUR", "€1,234.56"),
        (1_200, "JPY", "¥1,200"),
        (1_234, "BHD", "BHD 1.234"),
        (-1_200, "CHF", "-CHF 12.00"),
    ],
)
def test_money_is_formatted_with_symbol_and_separators(minor: int, currency: str, text: str) -> None:
    assert format_money(minor, currency) == text


@given(st.integers(-(10**15), 10**15))
def test_formatted_money_keeps_every_penny(minor: int) -> None:
    text = format_money(minor)
    assert int(text.replace("£", "").replace(",", "").replace(".", "")) == minor


def test_dates_and_moments_are_formatted_for_people() -> None:
    assert format_date(date(2026, 11, 3)) == "3 Nov 2026"
    assert format_date(date(2026, 1, 31)) == "31 Jan 2026"
    assert format_date(date(2026, 1, 31), today=date(2026, 11, 3)) == "31 Jan"
    assert format_date(date(2025, 12, 31), today=date(2026, 1, 1)) == "31 Dec 2025"
    west = timezone(timedelta(hours=-5))
    assert format_moment(datetime(2026, 11, 3, 23, 5, tzinfo=west)) == "4 Nov 2026, 04:05 UTC"
    assert format_moment(datetime(2026, 11, 3, 14, 5, tzinfo=UTC)) == "3 Nov 2026, 14:05 UTC"
