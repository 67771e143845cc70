"""Actions: whether those that the content names are implemented."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from bot.content.diagnostics import Diagnostic, Severity
from bot.content.known import Known, unknown
from bot.content.names import DEFAULT_ACTIONS
from bot.content.suggest import did_you_mean
from bot.content.types import Place

_ASKED_FOR = ("validate_", "action_validate_slot_mappings")
"""Prefixes of optional actions: they run if they exist, and nothing fails without them."""

_FALLBACKS = frozenset({"core_fallback_action_name", "fallback_action_name", "fallback_core_action_name"})
"""Policy options (Rasa 2's too) that name an action."""


def check_actions(known: Known) -> Iterator[Diagnostic]:
    """Actions that nothing implements, either listed or named as a policy's fallback."""
    if known.all_registered:
        yield from _unimplemented(known)
    for policy in known.content.policies or ():
        for key in _FALLBACKS & policy.options.keys():
            name = policy.options[key]
            if isinstance(name, str) and name not in known.actions:
                where = f"`{key}` of {policy.name} is"
                yield unknown("error", policy.place, "action", name, known=known.actions, where=where, add=_write())


def _unimplemented(known: Known) -> Iterator[Diagnostic]:
    """Errors if the project has its own actions; otherwise one warning, as it may be given an action server later."""
    domain = known.content.domain
    implemented = DEFAULT_ACTIONS | set(known.registered) | domain.forms.keys() | domain.responses.keys()
    lacking = {n: p for n, p in domain.actions.items() if n not in implemented and not n.startswith("utter_")}
    if lacking and not known.registered:
        yield _unimplemented_by("warning", list(lacking), next(iter(lacking.values())), _write(lacking))
        return
    for name, place in lacking.items():
        severity: Severity = "warning" if name.startswith(_ASKED_FOR) else "error"
        yield _unimplemented_by(severity, [name], place, did_you_mean(name, known.registered, _write()))


def _unimplemented_by(severity: Severity, names: Sequence[str], place: Place, cure: str) -> Diagnostic:
    listed = ", ".join(f"`{name}`" for name in names)
    message = f"`actions:` lists {listed}, which no plugin registers and no action server runs."
    return Diagnostic(severity, place, message, cure, "unimplemented-action")


def _write(names: Collection[str] = ("one",)) -> str:
    them, each = ("it", "it") if len(names) == 1 else ("them", "each")
    return (
        f"Write {them} in `actions/`, where `register_actions` registers {each} by this name, or name a server in "
        "endpoints.yml (`action_endpoint:`)."
    )
