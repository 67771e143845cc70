"""What is counted and logged of turns, actions and calls, and nothing of what people said."""

from __future__ import annotations

from msgspec import Struct

from bot.app.guarding import guarded_observers
from bot.dialogue.names import LISTEN
from bot.engine.engine import Watch
from bot.engine.record import TurnRecord
from bot.errors import Busy, MessageIdReused
from bot.logs import Log, correlation_id
from bot.plugins import Plugins
from bot.server.metrics import Metrics


class Watcher(Struct, frozen=True):
    """Tells the metrics and the log."""

    metrics: Metrics
    log: Log
    message_text: bool

    def turn(self, record: TurnRecord) -> None:
        """A turn was committed."""
        seconds = record.timings.get("waited_and_computed", 0.0) + record.timings.get("commit", 0.0)
        self.metrics.turn(record.message.channel, seconds)
        self.metrics.commit(record.timings.get("commit", 0.0))
        if "parse" in record.timings:
            self.metrics.matcher(record.timings["parse"])
        for step in record.steps:
            if step.action != LISTEN:  # which does nothing, in every turn
                self.metrics.action(step.action, step.seconds)
        texts = {"text": record.message.text} if self.message_text else {}
        self.log.info(
            "turn",
            conversation=record.conversation,
            turn=record.seq,
            channel=record.message.channel,
            actions=[step.action for step in record.steps],
            replies=len(record.replies),
            seconds=round(seconds, 6),
            correlation_id=record.message.correlation_id,
            **texts,
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

    def observer_failed(self, error: BaseException) -> None:
        """Who is told of turns raised (not a plugin's); the turn was committed before it was told."""
        self.log.error("observer failed", exc_info=error)

    def call(self, service: str, outcome: str, seconds: float, tries: int) -> None:
        """An outside service was called, by a turn or (without a request behind it) by a readiness check."""
        self.metrics.call(service, outcome, seconds)
        good = self.log.info if correlation_id.get() else self.log.debug
        level = good if outcome == "ok" else self.log.warning
        level("call", service=service, outcome=outcome, seconds=round(seconds, 6), tries=tries)

    def check_failed(self, name: str, error: BaseException) -> None:
        """A readiness check failed that had not before."""
        self.log.error("check failed", check=name, exc_info=error)

    def login(self, outcome: str) -> None:
        """Somebody tried to log in; the route logs who and from where."""
        self.metrics.login(outcome)

    def watch(self, plugins: Plugins) -> Watch:
        """What the engine tells, plugins' observers included."""
        return Watch(
            turn_committed=(self.turn, *guarded_observers(plugins.observers(), self.action_failed)),
            action_failed=self.action_failed,
            observer_failed=self.observer_failed,
            turn_failed=self.turn_failed,
            turn_conflicted=self.metrics.turn_conflicted,
        )
