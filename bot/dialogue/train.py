"""Training: from content to the policies that its config.yml names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from bot.content import Component, Content
from bot.dialogue.dialogue import Dialogue
from bot.dialogue.memoization import MemoizationOptions, MemoizationPolicy, memorize
from bot.dialogue.prediction import Policy
from bot.dialogue.rules import RuleOptions, RulePolicy, Rules, rule_entries, unhappy_hints
from bot.dialogue.states import RuleOnly, States
from bot.dialogue.training import start_of, training_stories

Factory: TypeAlias = Callable[[Content, Component], Policy]
"""Makes a plugin's policy from the content and its entry in config.yml."""


def train_dialogue(content: Content, seed: int = 0, policies: Mapping[str, Factory] | None = None) -> Dialogue:
    """The dialogue that the content's rules and stories describe; deterministic for a seed.

    `policies` are further policies by the name that config.yml uses for them.
    """
    states = States(content.domain)
    rules, stories = training_stories(content)
    bare, start = start_of(content.domain, bare=True), start_of(content.domain)
    rule_examples = [(rule.name, ex) for rule in rules for ex in rule.examples(states, bare)]
    story_examples = [(story.name, ex) for story in stories for ex in story.examples(states, start)]
    found = Rules(rule_entries(rule_examples), unhappy_hints([ex for _, ex in rule_examples + story_examples]))
    memo_options = MemoizationOptions()
    memory = memorize(story_examples, memo_options)
    return Dialogue(
        (
            RulePolicy(found, content.domain, RuleOptions()),
            MemoizationPolicy(memory, RuleOnly(), content.domain, memo_options),
        ),
        50,
    )
