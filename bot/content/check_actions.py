"""Actions: whether those that the content names are implemented."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from bot.content.diagnostics import Diagnostic, Severity
from bot.content.known import Known, unknown
from bot.content.names import DEFAULT_ACTIONS
from bot.content.suggest import did_you_mean
from bot.content.types import Place

_OPTIONAL = ("validate_", "action_validate_slot_mappings")
"""Prefixes of actions that run if they exist, and without which nothing fails."""

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
                yield unknown("error", policy.place, "action", name, known=known.actions, where=where, add=_cure())


def _unimplemented(known: Known) -> Iterator[Diagnostic]:
    """Errors if the project has its own actions; otherwise one warning, as it may be given an action server later."""
    domain = known.content.domain
    implemented = DEFAULT_ACTIONS | set(known.registered) | domain.forms.keys() | domain.responses.keys()
    lacking = [name for name in domain.actions if name not in implemented and not name.startswith("utter_")]
    if lacking and not known.registered:
        yield _unimplemented_actions("warning", lacking, domain.actions[lacking[0]], _cure(lacking))
        return
    for name in lacking:
        severity: Severity = "warning" if name.startswith(_OPTIONAL) else "error"
        cure = did_you_mean(name, known.registered, _cure())
        yield _unimplemented_actions(severity, [name], domain.actions[name], cure)


def _unimplemented_actions(severity: Severity, names: Sequence[str], place: Place, cure: str) -> Diagnostic:
    listed = ", ".join(f"`{name}`" for name in names)
    message = f"`actions:` lists {listed}, which no plugin registers and no action server runs."
    return Diagnostic(severity, place, message, cure, "unimplemented-action")


def _cure(names: Collection[str] = ("one",)) -> str:
    them, each = ("it", "it") if len(names) == 1 else ("them", "each")
    return (
        f"Write {them} in `actions/`, where `register_actions` registers {each} by this name, or name a server in "
        "endpoints.yml (`action_endpoint:`)."
    )
