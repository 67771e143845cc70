"""The guide's recipe for outside changes: a refused transfer is never made, however often somebody agrees."""

from __future__ import annotations

from pathlib import Path

from bot.app.opening import open_bot
from bot.app.projects import load_project
from bot.messages import Principal, UserMessage
from tests.docs.test_examples import ROOT, examples

BESIDE = """

made = []


class Fake:
    settled_action = None

    async def perform(self, key, parameters):
        made.append(parameters)
        return EffectResult("done")

    async def find(self, key, parameters):
        return EffectResult("unknown")


@hookimpl
@asynccontextmanager
async def lifespan(startup):
    startup.add_effect("transfer", Fake())
    startup.resources.provide("made", made)
    yield


@hookimpl
def register_actions(register):
    for action in (confirm_transfer, make_transfer, deny_transfer):
        register(action.__name__, action)
"""
DOMAIN = """
intents: [transfer, affirm, deny, bye]
responses:
  utter_confirm_transfer: [{text: Shall I?}]
  utter_transfer_done: [{text: Done.}]
  utter_nothing_to_confirm: [{text: There is nothing to confirm.}]
  utter_not_transferred: [{text: I did not.}]
  utter_bye: [{text: Bye.}]
actions: [confirm_transfer, make_transfer, deny_transfer]
rules:
- {rule: ask, steps: [{intent: transfer}, {action: confirm_transfer}]}
- {rule: "yes", steps: [{intent: affirm}, {action: make_transfer}]}
- {rule: "no", steps: [{intent: deny}, {action: deny_transfer}]}
- {rule: bye, steps: [{intent: bye}, {action: utter_bye}]}
"""


async def test_refused_transfer_is_not_made_by_a_later_yes(tmp_path: Path) -> None:
    document = ROOT / "docs" / "how-to" / "write-actions.md"
    guide = [e.text for e in examples("python") if e.document == document]
    upto = next(number for number, text in enumerate(guide) if "class Transfers" in text)
    (tmp_path / "config.yml").write_text("language: en\n")
    (tmp_path / "domain.yml").write_text(DOMAIN)
    (tmp_path / "actions.py").write_text("\n".join(guide[: upto + 1]).replace("@hookimpl\n", "") + BESIDE)
    async with open_bot(load_project(tmp_path)) as bot:
        made = bot.resources.get("made", list)
        conversation = await bot.store.conversation_id("key:test", "rest", "ann")

        async def said(intent: str) -> list[str]:
            who, now = Principal("key", "key:test"), bot.sources.now()
            message = UserMessage(f"/{intent}", conversation, bot.sources.new_id(), now, who, "rest", "ann")
            return [reply["text"] for reply in (await bot.engine.handle(message)).replies]

        talk = [(await said(intent))[-1] for intent in ("transfer", "deny", "bye", "affirm")]
        assert talk == ["Shall I?", "I did not.", "Bye.", "There is nothing to confirm."]
        assert made == []
        again = [(await said(intent))[-1] for intent in ("transfer", "affirm", "affirm")]
        assert again == ["Shall I?", "Done.", "There is nothing to confirm."]
        assert len(made) == 1
