"""What a turn is about: a user's message, or something that happened in the background (a reminder, a late outcome)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from bot.content import NOWHERE
from bot.dialogue.events import EffectSettled, ReminderScheduled, UserUttered
from bot.dialogue.prediction import Because, Prediction
from bot.encoding import fingerprint
from bot.engine.codec import storable
from bot.engine.protocols import Accepted, EffectEntry, TurnStore
from bot.engine.record import EXTERNAL
from bot.engine.running import RunningTurn
from bot.errors import BotError
from bot.messages import Entity, IntentScore, Parse, UserMessage

MOST_TRIES = 3
"""How often an accepted message is tried again before it is given up."""


class Work(ABC):
    """What causes one turn; the defaults are for work that is no reminder, no late outcome, and always due."""

    message: UserMessage
    """The message, or a placeholder for one."""

    background: bool
    """Whether no user is behind it: then it keeps the login, and nobody waits for an answer."""

    fingerprint: str
    """The hash of the payload, for idempotency."""

    fired: ReminderScheduled | None = None
    """The reminder that caused this work, if one did."""

    effects: tuple[EffectEntry, ...] = ()
    """The outcomes of the outside changes that this work is about."""

    replies_to: str | None = None
    """The channel that delivers the replies; None: the one last used; "": none does, whoever asked gets them."""

    accepted: bool = False
    """Whether the message was acknowledged before it is answered, so that no later one may overtake it."""

    given_up: bool = False
    """Whether it was tried too often: no plugin code may run for it any more."""

    async def is_due(self, store: TurnStore) -> bool:
        """Whether it is still to be done; asked while the conversation is held."""
        return True

    async def begin(self, store: TurnStore) -> None:  # noqa: B027 - most work notes nothing
        """Note that it is about to be done; called once, while the conversation is held."""

    @abstractmethod
    async def run(self, turn: RunningTurn, most: int) -> None:
        """Run the turn, with at most `most` actions."""


class MessageWork(Work):
    """A user's message: understand it, fill slots, act. `accepted`: it was acknowledged before it is answered."""

    background = False

    def __init__(self, message: UserMessage, *, accepted: bool = False) -> None:
        self.message = message
        self.accepted = accepted
        self.fingerprint = fingerprint([message.text, message.metadata])

    async def run(self, turn: RunningTurn, most: int) -> None:
        """Parse the message, fill slots and act."""
        turn.understand(lambda: turn.agent.matcher.parse(self.message.text, turn.now))
        await turn.fill_slots()
        await turn.act(most)


class GivenUp(BotError):
    """An accepted message was tried too often; the message names its conversation."""

    def __init__(self, message: Accepted) -> None:
        super().__init__(
            f"a message of conversation {message.conversation} was tried {message.tries + 1} times in vain; "
            "its user was told that something went wrong"
        )


class RetriedWork(MessageWork):
    """An accepted message whose turn failed. Each try is counted before it is made, and the last one gives up.

    So retrying ends, even if the message's turn never ends or crashes the process.
    """

    message: Accepted

    def __init__(self, message: Accepted) -> None:
        super().__init__(message)
        self.given_up = message.tries >= MOST_TRIES

    async def begin(self, store: TurnStore) -> None:
        """Count the try."""
        await store.keep_tries(replace(self.message, tries=self.message.tries + 1))

    async def run(self, turn: RunningTurn, most: int) -> None:
        """Answer it, or, after too many tries, say that it cannot be answered."""
        if self.given_up:
            turn.give_up(GivenUp(self.message))
        else:
            await super().run(turn, most)


class IntentWork(Work):
    """An intent that comes from outside instead of a message: a reminder, or an operator's trigger."""

    def __init__(
        self,
        message: UserMessage,
        intent: str,
        entities: tuple[Mapping[str, Any], ...] = (),
        *,
        background: bool = True,
        fired: ReminderScheduled | None = None,
        replies_to: str | None = None,
    ) -> None:
        self.message = message
        self.background = background
        self.fired = fired
        self.replies_to = replies_to
        self.fingerprint = fingerprint([intent, list(entities)])
        self._parse = external_parse(intent, entities)

    async def is_due(self, store: TurnStore) -> bool:
        """A reminder may have been cancelled, moved or fired by the turn before."""
        return self.fired is None or await store.is_scheduled(self.message.conversation, self.fired)

    async def run(self, turn: RunningTurn, most: int) -> None:
        """Apply the intent as if the user had said it, and act. Raises ValueError for what could not be read back."""
        turn.understand(lambda: readable(self._parse))
        await turn.fill_slots()
        await turn.act(most)


class ActionWork(Work):
    """A late outcome of an outside change: one action reports it, and the conversation listens as before."""

    background = True

    def __init__(self, message: UserMessage, action: str, outcome: EffectEntry) -> None:
        self.message = message
        self.effects = (outcome,)
        self.fingerprint = fingerprint([action])
        self._action = action
        self._outcome = outcome

    async def is_due(self, store: TurnStore) -> bool:
        """The turn that made the change may have reported it meanwhile."""
        return await store.is_unsettled(self._outcome.key)

    async def run(self, turn: RunningTurn, most: int) -> None:
        """Run only this action; the change is no longer prepared, and the conversation listens as before.

        If the action failed, the user has not been told yet: the next yes may still find out.
        """
        reason = (Because("engine", "a late outcome", NOWHERE),)
        failed = await turn.perform(Prediction(self._action, 1.0, "engine", because=reason))
        if not failed:
            turn.apply([EffectSettled(self._outcome.key, self._outcome.status)])
        await turn.perform(Prediction("action_listen", 1.0, "engine", because=reason))


def readable(parse: Parse) -> Parse:
    """A parse that does not come from the matcher; raises ValueError if it could be stored but not read back."""
    storable((UserUttered(parse),))
    return parse


def external_parse(intent: str, entities: tuple[Mapping[str, Any], ...]) -> Parse:
    """The parse of an intent that nobody typed."""
    score = IntentScore(intent, 1.0)
    found = tuple(Entity(str(e["entity"]), e.get("value"), 0, 0, e.get("role"), e.get("group")) for e in entities)
    return Parse(EXTERNAL + intent, score, (score,), found)
