"""Custom actions as Rasa's users write them; run by the real SDK, never imported by Teller."""

import datetime

from rasa_sdk import Action, FormValidationAction
from rasa_sdk.events import FollowupAction, ReminderCancelled, ReminderScheduled, SlotSet


class Order(Action):
    def name(self):
        return "action_order"

    def run(self, dispatcher, tracker, domain):
        size = tracker.get_slot("size")
        dispatcher.utter_message(text=f"One {size} pizza.", buttons=[{"title": "Yes", "payload": "/affirm"}])
        dispatcher.utter_message(response="utter_thanks", name="Ann")
        return [SlotSet("ordered", True)]


class ValidateOrderForm(FormValidationAction):
    def name(self):
        return "validate_order_form"

    def validate_size(self, slot_value, dispatcher, tracker, domain):
        if str(slot_value).lower() in ("small", "large"):
            return {"size": str(slot_value).lower()}
        dispatcher.utter_message(text="We have small and large.")
        return {"size": None}


class Refuse(Action):
    def name(self):
        return "action_refuse"

    def run(self, dispatcher, tracker, domain):
        from rasa_sdk.interfaces import ActionExecutionRejection

        raise ActionExecutionRejection("action_refuse", "not now")


class Follow(Action):
    def name(self):
        return "action_follow"

    def run(self, dispatcher, tracker, domain):
        dispatcher.utter_message(text="first")
        return [FollowupAction("utter_second")]


class Remind(Action):
    def name(self):
        return "action_remind"

    def run(self, dispatcher, tracker, domain):
        at = datetime.datetime(2026, 11, 3, 13, 0)
        return [ReminderScheduled("EXTERNAL_nudge", trigger_date_time=at, name="soon", kill_on_user_message=False)]


class RemindTwice(Action):
    def name(self):
        return "action_remind_twice"

    def run(self, dispatcher, tracker, domain):
        at = datetime.datetime(2026, 11, 3, 13, 0)
        return [
            ReminderScheduled("EXTERNAL_nudge", trigger_date_time=at + datetime.timedelta(minutes=minute))
            for minute in (0, 1)
        ]


class Top(Action):
    def name(self):
        return "action_top"

    def run(self, dispatcher, tracker, domain):
        dispatcher.utter_message(response="utter_members")
        return [SlotSet("toppings", "ham")]


class Dress(Action):
    """Says a response with parts of its own: buttons are added, the other parts replace the response's."""

    def name(self):
        return "action_dress"

    def run(self, dispatcher, tracker, domain):
        more = [{"title": "More", "payload": "/affirm"}]
        dispatcher.utter_message(response="utter_menu", count=0, buttons=more)
        dispatcher.utter_message(response="utter_menu", text="Today only.", image="own.png", json_message={"own": 1})
        return []


class Misspell(Action):
    def name(self):
        return "action_misspell"

    def run(self, dispatcher, tracker, domain):
        dispatcher.utter_message(response="utter_thansk")
        return []


class Forget(Action):
    def name(self):
        return "action_forget"

    def run(self, dispatcher, tracker, domain):
        return [ReminderCancelled(name="soon")]


class Nudge(Action):
    def name(self):
        return "action_nudge"

    def run(self, dispatcher, tracker, domain):
        dispatcher.utter_message(text="you asked me to remind you")
        return []


class NeedsDomain(Action):
    def name(self):
        return "action_needs_domain"

    def run(self, dispatcher, tracker, domain):
        dispatcher.utter_message(text=f"{len(domain.get('intents', []))} intents, {len(tracker.events)} events")
        return []


class Fails(Action):
    def name(self):
        return "action_fails"

    def run(self, dispatcher, tracker, domain):
        raise RuntimeError("boom")
