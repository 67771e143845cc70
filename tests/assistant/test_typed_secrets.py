"""Card numbers, codes and passwords in a message are recognised, and ordinary numbers are not."""

from __future__ import annotations

import pytest

from actions.signs.typed_secrets import holds_secret
from bot.app.opening import Bot
from tests.assistant.conftest import talk_to


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("my card is 4659 4312 3456 1204", True),
        ("4659-4312-3456-1204", True),
        ("378282246310005", True),
        ("the cvv is 123", True),
        ("my PIN is 4821", True),
        ("pin number: 4821", True),
        ("my password is hunter2", True),
        ("my password is not working", False),
        ("I forgot my PIN", False),
        ("pay sort code 20-30-40 account 12345678", False),
        ("call me on 07700 900123", False),
        ("transfer £1,234.56 to savings", False),
        ("transactions from 01/02/2026 to 03/04/2026", False),
    ],
)
def test_card_numbers_codes_and_passwords_are_recognised(text: str, secret: bool) -> None:
    assert holds_secret(text) is secret


@pytest.mark.asyncio(loop_scope="module")
async def test_secret_in_an_order_is_warned_about_and_the_order_is_read(assistant: Bot) -> None:
    talk = talk_to(assistant, "12345678")
    warning, question = (await talk.say("pay anna £20 from current, my pin is 1234")).replies
    assert warning["text"].startswith("Please don't type a card number, code or password here")
    assert question["text"].startswith("Shall I pay £20.00 from your current account to Anna Lindqvist")
