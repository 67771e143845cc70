"""Actions: that somebody implements those that the content names."""

from __future__ import annotations

from collections.abc import Iterator

from bot.content.diagnostics import Diagnostic, Severity
from bot.content.known import Known, unknown
from bot.content.names import DEFAULT_ACTIONS
from bot.content.suggest import did_you_mean

_ASKED_FOR = ("validate_", "action_validate_slot_mappings")
"""Beginnings of actions that are run where they exist: without them, nothing fails."""

_FALLBACKS = frozenset({"core_fallback_action_name", "fallback_action_name", "fallback_core_action_name"})
"""Options of policies, Rasa 2's too, that name an action."""

_WRITE = (
    "Write it in `actions/`, where `register_actions` registers it by this name, or name a server in endpoints.yml "
    "(`action_endpoint:`)."
)


def check_actions(known: Known) -> Iterator[Diagnostic]:
    """Actions that nobody implements, listed or named as the fallback of a policy."""
    if known.all_registered:
        yield from _unimplemented(known)
    for policy in known.content.policies or ():
        for key in _FALLBACKS & policy.options.keys():
            name = policy.options[key]
            if isinstance(name, str) and name not in known.actions:
                where = f"`{key}` of {policy.name} is"
                yield unknown("error", policy.place, "action", name, known=known.actions, where=where, add=_WRITE)


def _unimplemented(known: Known) -> Iterator[Diagnostic]:
    """Errors in a project with actions of its own; one without may still be given a server where it is run."""
    domain = known.content.domain
    implemented = DEFAULT_ACTIONS | set(known.registered) | domain.forms.keys()
    for name, place in domain.actions.items():
        if name in implemented or name in domain.responses or name.startswith("utter_"):
            continue
        severity: Severity = "error" if known.registered and not name.startswith(_ASKED_FOR) else "warning"
        yield Diagnostic(
            severity,
            place,
            f"`actions:` lists `{name}`, which no plugin registers and no action server runs.",
            did_you_mean(name, known.registered, _WRITE),
            "unimplemented-action",
        )
