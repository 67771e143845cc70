"""Metrics and logs of turns, actions and calls, without anything that people said."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Final

from msgspec import Struct, field

from bot.actions.unknown import Slip
from bot.app.guarding import guarded_observers
from bot.dialogue.events import EffectPrepared, EffectSettled
from bot.dialogue.names import LISTEN
from bot.engine.record import TurnRecord
from bot.engine.watch import Watch
from bot.errors import Busy, MessageIdReused
from bot.logs import Log
from bot.server.metrics import Metrics

_SECONDS_BETWEEN_WARNINGS: Final = 60.0
"""Seconds before the same warning of an action is logged again."""
_MOST_REPEATS: Final = 1_000


class Repeats:
    """Filters repeated warnings of actions: a mistake in their code is logged once, anything else once a minute."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._silent_until: dict[tuple[str, str], float] = {}

    def is_new(self, action: str, error: BaseException) -> bool:
        """Whether to log the warning; if so, it counts as logged from now on."""
        is_slip = isinstance(error, Slip)
        key = (action, str(error) if is_slip else type(error).__name__)
        now = self._clock()
        if now < self._silent_until.get(key, now):
            return False
        if len(self._silent_until) >= _MOST_REPEATS:  # slots may be named after what users say
            self._silent_until.clear()
        self._silent_until[key] = math.inf if is_slip else now + _SECONDS_BETWEEN_WARNINGS
        return True


class Watcher(Struct, frozen=True):
    """Feeds the metrics and the log."""

    metrics: Metrics
    log: Log
    message_text: bool
    repeats: Repeats = field(default_factory=Repeats)

    def turn(self, record: TurnRecord) -> None:
        """A turn was committed."""
        commit_seconds = record.timings.get("commit", 0.0)
        seconds = record.timings.get("waited_and_computed", 0.0) + commit_seconds
        self.metrics.turn(record.message.channel, seconds)
        self.metrics.commit(commit_seconds)
        if "parse" in record.timings:
            self.metrics.matcher(record.timings["parse"])
        for step in record.steps:
            if step.action != LISTEN:  # it does nothing, in every turn
                self.metrics.action(step.action, step.seconds)
        self._log_effects(record)
        more = {"text": record.message.text} if self.message_text else {}
        if record.message.principal.kind != "customer":
            more["by"] = record.message.principal.id
        self.log.info(
            "turn",
            conversation=record.conversation,
            turn=record.seq,
            channel=record.message.channel,
            actions=[step.action for step in record.steps],
            replies=len(record.replies),
            seconds=round(seconds, 6),
            correlation_id=record.message.correlation_id,
            **more,
        )

    def _log_effects(self, record: TurnRecord) -> None:
        """Log each outside change that was asked about, made, refused, dropped, or has an unknown outcome."""
        for event in record.events:
            if isinstance(event, EffectPrepared):
                effect = {"effect": event.key, "outcome": "asked", "kind": event.kind}
            elif isinstance(event, EffectSettled):
                effect = {"effect": event.key, "outcome": event.outcome}
            else:
                continue
            self.log.info(
                "effect",
                conversation=record.conversation,
                turn=record.seq,
                correlation_id=record.message.correlation_id,
                **effect,
            )

    def turn_failed(self, error: BaseException) -> None:
        """A message was not answered."""
        self.metrics.turn_failed(type(error).__name__)
        if not isinstance(error, Busy | MessageIdReused):
            self.log.error("turn failed", exc_info=error)

    def action_failed(self, action: str, error: BaseException) -> None:
        """An action (or `policy …`, `component …`, `observer …` of a plugin) raised or timed out; the turn went on."""
        self.metrics.action_failed(action, type(error).__name__)
        self.log.error("action failed", action=action, exc_info=error)

    def action_warned(self, action: str, error: BaseException) -> None:
        """An action made a mistake that should be fixed, and went on."""
        if self.repeats.is_new(action, error):
            self.log.warning("action warning", action=action, exc_info=error)

    def observer_failed(self, error: BaseException) -> None:
        """An observer of turns (not a plugin's) raised; the turn was already committed."""
        self.log.error("observer failed", exc_info=error)

    def call(
        self,
        service: str,
        outcome: str,
        seconds: float,
        tries: int,
        *,
        call: str = "",
        status: int | None = None,
        reason: str = "",
        is_grave: bool = False,
    ) -> None:
        """An outside service was called (bot.plugins.registry.ObserveCall)."""
        self.metrics.call(service, outcome, seconds)
        if outcome == "ok":
            log = self.log.debug
        elif is_grave:
            log = self.log.error
        else:
            log = self.log.warning
        details = {name: value for name, value in (("call", call), ("status", status), ("reason", reason)) if value}
        log("call", service=service, outcome=outcome, seconds=round(seconds, 6), tries=tries, **details)

    def check_failed(self, name: str, error: BaseException) -> None:
        """A readiness check failed that had not before."""
        self.log.error("check failed", check=name, exc_info=error)

    def check_back(self, name: str, seconds: float) -> None:
        """A readiness check works again after failing for `seconds`."""
        self.log.warning("check back", check=name, seconds=round(seconds, 1))

    def check_noted(self, name: str, note: str) -> None:
        """A readiness check succeeded, with a note for the operator."""
        self.log.warning("check noted", check=name, note=note)

    def login(self, outcome: str) -> None:
        """Somebody tried to log in; the route logs who and from where."""
        self.metrics.login(outcome)

    def watch(self, observers: Mapping[str, Callable[[TurnRecord], None]]) -> Watch:
        """The engine's observers: this watcher and the plugins' observers."""
        return Watch(
            turn_committed=(self.turn, *guarded_observers(observers, self.action_failed)),
            action_failed=self.action_failed,
            action_warned=self.action_warned,
            observer_failed=self.observer_failed,
            turn_failed=self.turn_failed,
            turn_conflicted=self.metrics.turn_conflicted,
        )
