"""Checks of content beyond its format: that names exist and are used, and that stories and forms can run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from bot.content.check_actions import check_actions
from bot.content.check_domain import check_domain
from bot.content.check_forms import check_forms
from bot.content.check_nlu import check_nlu
from bot.content.check_responses import check_responses, check_unused
from bot.content.check_stories import check_stories
from bot.content.diagnostics import Diagnostic
from bot.content.known import Known
from bot.content.suggest import suggested


def check_content(known: Known) -> tuple[Diagnostic, ...]:
    """Everything wrong or odd in the content: errors prevent a start, warnings and notes do not."""
    checks = (check_domain, check_actions, check_responses, check_nlu, check_stories)
    found = [diagnostic for check in checks for diagnostic in check(known)]
    meant = {name for diagnostic in found if (name := suggested(diagnostic.cure))}
    return tuple(_grouped((*found, *check_unused(known, meant), *check_forms(known, meant))))


def _grouped(found: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """Merge findings about the same name; an unknown form is not also reported as an unknown action."""
    groups: dict[tuple[str, str], list[Diagnostic]] = defaultdict(list)
    for finding in found:
        if finding.name:
            groups[finding.code, finding.name].append(finding)
        else:
            yield finding
    for name in [name for code, name in groups if code == "unknown-form"]:
        groups["unknown-form", name] += groups.pop(("unknown-action", name), [])
    for (code, _), group in groups.items():
        yield _merged(code, group)


def _merged(code: str, group: list[Diagnostic]) -> Diagnostic:
    """The first of the most severe findings, if possible of this code, with the number of other places."""
    first = min(group, key=lambda d: (d.severity != "error", d.code != code, d.place))
    also = tuple(sorted({d.place for d in group} - {first.place}))
    if not also:
        return first
    others = "one other place" if len(also) == 1 else f"{len(also)} other places"
    return replace(first, message=f"{first.message} The same applies in {others}.", also=also)
