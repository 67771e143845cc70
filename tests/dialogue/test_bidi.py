"""What a user writes cannot reorder the bot's own words."""

from __future__ import annotations

import pytest

from bot.dialogue.responses import fill

FSI, PDI, RLO, RLI = "\u2068", "\u2069", "\u202e", "\u2067"


@pytest.mark.parametrize("plain", ["Ada", "עדה", "أيدا", "£1,234.56", ""])
def test_value_without_bidi_controls_is_filled_unchanged(plain: str) -> None:
    assert fill("Hello {name}!", {"name": plain}) == f"Hello {plain}!"


@pytest.mark.parametrize("trick", [f"Ada{RLO}", f"{PDI}{RLO}Ada", f"{RLI}Ada{PDI}{PDI}{RLO}"])
def test_value_with_bidi_controls_is_isolated(trick: str) -> None:
    filled = fill("Pay {name} £10", {"name": trick})
    before, _, rest = filled.partition(FSI)
    inside, _, after = rest.partition(PDI)
    assert (before, after) == ("Pay ", " £10")
    assert "Ada" in inside
    assert filled.count(FSI) == filled.count(PDI) == 1
