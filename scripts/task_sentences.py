"""Sentences such as people write to assistants, put together from a small grammar; text to distil vectors on.

Everyday things and what is done with them, by topic, in common frames of
requests, questions and complaints. Nothing here comes from a data set.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

TOPICS = {
    "bank account": (
        "open close check view freeze unfreeze link verify access manage update switch upgrade share",
        "my account|my savings account|a checking account|my current account|a joint account|my balance|my statement|"
        "the minimum balance|my overdraft|my online banking|my routing number|my account number|my sort code|my iban|"
        "my direct debits|a standing order|my payment history|my latest transactions|the interest rate|my passcode|my pin",
    ),
    "cards": (
        "activate cancel order replace report freeze block unblock receive use renew track link lose return",
        "my card|a new card|my credit card|a debit card|my virtual card|a disposable card|my physical card|"
        "my stolen card|my lost card|a spare card|my expired card|the card reader|contactless|my card pin|my cvv|"
        "apple pay|google pay|my credit limit|my rewards points|my cash back|the annual fee|my card delivery",
    ),
    "payments": (
        "send receive transfer pay cancel reverse dispute schedule top up withdraw deposit exchange refund request split",
        "money|a payment|a transfer|a bank transfer|cash|a cheque|a refund|funds|the fee|an extra charge|my top up|"
        "a direct debit|a cash withdrawal|an international transfer|the exchange rate|foreign currency|euros|dollars|"
        "a pending payment|a declined payment|a duplicate charge|a wrong amount|the beneficiary|my bill|my rent|the invoice",
    ),
    "identity and security": (
        "verify prove confirm change reset update recover forget protect unlock delete",
        "my identity|my password|my passport|my personal details|my address|my phone number|my name|my email|"
        "my security code|my username|the source of my funds|my documents|my profile|two factor authentication|my login",
    ),
    "fraud": (
        "report dispute flag stop notice check",
        "a fraudulent charge|a transaction i did not make|suspicious activity|an unauthorised payment|a scam|"
        "an unknown withdrawal|a strange text message|a hacked account|identity theft|a charge i don't recognise",
    ),
    "credit and loans": (
        "apply for get pay off refinance check improve raise calculate consolidate qualify for",
        "a loan|a mortgage|my credit score|a car loan|a student loan|my debt|my interest|a higher limit|my repayments|"
        "an apr|a down payment|my minimum payment|a balance transfer|a credit report|my tax refund|my taxes|my w2|a pension",
    ),
    "travel": (
        "book cancel change find reserve check confirm plan track rebook board",
        "a flight|my flight|a hotel|a hotel room|a train ticket|my booking|my reservation|a holiday|a trip|a vacation|"
        "a rental car|my luggage|lost baggage|a carry on|my boarding pass|a visa|travel insurance|a travel alert|"
        "vaccinations|a plug adapter|the timezone|the exchange rate|my seat|an itinerary|a cruise|a bus|a campsite",
    ),
    "directions and traffic": (
        "find avoid share show get to reach check",
        "directions|the nearest petrol station|the traffic|a shortcut|the distance|my location|a parking space|"
        "the way home|the bus stop|the fastest route|the airport|a road closure|a taxi|an uber|a ride|the next train|"
        "the train times|the tube|the map",
    ),
    "car": (
        "fix check change replace clean start jump start service inflate register insure",
        "my car|a flat tire|the tire pressure|the oil|the engine|the battery|the brakes|my insurance|the gas level|"
        "the mileage|my licence|the registration|the dashboard light|the windscreen|the fuel type|the gearbox",
    ),
    "weather": (
        "check get tell me show expect",
        "the weather|the forecast|the temperature|rain|snow|an umbrella|the humidity|the wind|a storm|sunshine|"
        "a jacket|the sunrise|the sunset|the uv index|frost|a heat wave|clouds|hail|the pollen count",
    ),
    "calendar and reminders": (
        "set schedule cancel delete add create move check remind me about show invite someone to snooze",
        "an alarm|my alarms|a reminder|a meeting|an appointment|an event|my calendar|my schedule|a timer|the meeting room|"
        "a birthday|my agenda|a deadline|a conference|a lunch date|my anniversary|an interview|my next meeting|a wake up call",
    ),
    "lists and notes": (
        "add remove read create clear update delete show write",
        "my shopping list|my to do list|an item|a note|milk and eggs|my tasks|a new list|groceries|my chores|all items|"
        "my wish list|a memo|a list of names",
    ),
    "music and media": (
        "play pause skip stop repeat shuffle like save download turn up add identify recommend",
        "music|a song|this song|the next track|my playlist|some jazz|the radio|a podcast|an episode|an audiobook|the volume|"
        "an album|the artist|a movie|a film|a tv show|the news|the soundtrack|a concert|rock music|my favourite band|a game",
    ),
    "smart home": (
        "turn on turn off dim brighten switch on switch off set open close lock start adjust lower raise",
        "the lights|the light in the kitchen|the bedroom lamp|the heating|the thermostat|the air conditioning|the blinds|"
        "the coffee maker|the vacuum cleaner|the robot vacuum|the tv|the front door|the garage door|the alarm system|"
        "the fan|the socket|the plug|the colour of the lights|the oven|the washing machine|the sprinklers",
    ),
    "food and cooking": (
        "order cook make eat prepare bake buy taste heat freeze recommend substitute",
        "a pizza|dinner|lunch|breakfast|a recipe|a meal|takeaway|some sushi|pasta|a cake|the ingredients|the calories|"
        "the nutrition facts|chicken|rice|vegetables|a salad|coffee|dessert|soup|leftovers|the cooking time|the spices|a curry",
    ),
    "restaurants": (
        "book find cancel reserve review recommend confirm",
        "a table|a table for two|a restaurant|my reservation|the menu|a good place to eat|an italian restaurant|the bill|"
        "the opening hours|a vegan place|the reviews|the wait time|a bar|a cafe|a waiter|the tip|delivery",
    ),
    "shopping": (
        "order buy return exchange track cancel compare find review sell",
        "my order|my package|a parcel|the delivery|a gift card|a discount|a coupon|the price|a refund|shoes|a dress|a laptop|"
        "the warranty|the receipt|my cart|the size|a product|the shipping fee|the return policy|the stock|an item|a subscription",
    ),
    "phone and devices": (
        "charge fix reset find call text sync update connect unlock restart block",
        "my phone|my battery|my laptop|the wifi|the printer|the app|bluetooth|my contacts|a text message|a voicemail|"
        "my ringtone|my screen|the speaker|my tablet|the internet connection|the keyboard|the software|my device|the mute mode",
    ),
    "email and messages": (
        "send read write delete reply to forward check archive draft search",
        "an email|my inbox|the latest message|a message to my boss|spam|an attachment|my contacts|a new email|unread emails|"
        "an email address|a reply|a group chat|a newsletter|a notification|my mail",
    ),
    "social media": (
        "post share tweet upload like follow complain to",
        "a tweet|a photo|a status|a picture|a complaint|a story|my feed|a comment|a hashtag|facebook|twitter|a review|a video",
    ),
    "work": (
        "request check submit approve get apply for take update ask about",
        "my paid time off|vacation days|sick leave|my payslip|my salary|a raise|my paycheck|my payday|direct deposit|my boss|"
        "the dress code|my timesheet|a holiday|my benefits|my pension plan|an interview|a job|my rollover|a promotion|"
        "working from home|my income|overtime|my w2|the meeting notes|training",
    ),
    "helpdesk": (
        "open create check close report solve escalate fix",
        "a ticket|an incident|a bug|an error message|the vpn|my outlook|the server|a password problem|a broken monitor|"
        "the incident status|a problem with email|a software request|my access rights|the support team|the system",
    ),
    "insurance": (
        "file claim renew cancel change compare understand get",
        "a claim|my policy|health insurance|life insurance|my coverage|my deductible|my premium|car insurance|an accident|"
        "my plan|the dental plan|a quote|out of pocket costs|a doctor in my network|the benefits",
    ),
    "health": (
        "book find treat check see measure lower take remember",
        "a doctor|a dentist|my medication|a prescription|my blood pressure|a headache|a fever|the symptoms|a vaccination|"
        "the hospital|a cold|my diet|a workout|my weight|my steps|my heart rate|my sleep|the flu|a pharmacy",
    ),
    "knowledge": (
        "define spell explain translate calculate convert measure find out name tell me about look up",
        "a word|the meaning of this word|the capital of france|the population of china|the square root of nine|a synonym|"
        "twelve percent of eighty|miles to kilometres|this sentence into spanish|the president|the time in tokyo|the date|"
        "a fun fact|the height of the mountain|the history of rome|how old he is|the speed of light|an equation|the currency",
    ),
    "news and sport": (
        "read show check follow watch tell me",
        "the news|the headlines|the score|the latest match|the results|the election|the stock market|the share price|"
        "the football game|the league table|the world news|politics|technology news|the lottery numbers|bitcoin",
    ),
    "the assistant itself": (
        "change meet know stop use name speak sync reset teach",
        "your name|your language|your accent|your voice|your age|your job|your owner|your hobbies|your creator|a joke|"
        "a human|an agent|a real person|your speed|the settings|a story|a riddle|what you can do|your origin|whisper mode",
    ),
    "school": (
        "enrol in pass pay for find finish start check",
        "a course|an exam|my homework|a university|my grades|the tuition fee|a library book|a class|my degree|the timetable",
    ),
    "housing and utilities": (
        "pay rent report repair read move find cancel",
        "the electricity bill|my water bill|the gas meter|a leak|the landlord|a flat|an apartment|my deposit|the plumber|"
        "my broadband|a moving company|the council tax|the rubbish collection|the lease|my energy tariff",
    ),
    "small talk": (
        "say hear tell me talk about stop",
        "hello|good morning|goodbye|thank you|a joke|something funny|how you feel|nothing|that you love me|sorry|yes|no|maybe|"
        "what you mean|my day|the meaning of life|nonsense|it again|good night|congratulations|happy birthday",
    ),
}

REQUESTS = (
    "{v} {n}", "please {v} {n}", "can you {v} {n}", "could you {v} {n} for me", "i want to {v} {n}", "i need to {v} {n}",
    "i would like to {v} {n}", "i'd like to {v} {n} please", "help me {v} {n}", "how do i {v} {n}", "how can i {v} {n}?",
    "where can i {v} {n}", "when can i {v} {n}", "what do i need to {v} {n}", "is it possible to {v} {n}?",
    "am i able to {v} {n}", "can i {v} {n} {t}", "what happens if i {v} {n}", "how long does it take to {v} {n}",
    "how much does it cost to {v} {n}", "do i have to {v} {n}?", "why can't i {v} {n}", "i can't {v} {n}",
    "i am unable to {v} {n}", "i don't know how to {v} {n}", "i tried to {v} {n} but it did not work", "let me {v} {n}",
    "who can {v} {n}", "what is the best way to {v} {n}", "remind me to {v} {n} {t}", "do you know how to {v} {n}",
    "is there a fee to {v} {n}", "is there a limit on how often i can {v} {n}", "i forgot to {v} {n}", "don't {v} {n}",
    "can somebody else {v} {n}", "what are the steps to {v} {n}", "i need some help to {v} {n} {t}", "go ahead and {v} {n}",
    "i was trying to {v} {n} {t}", "how soon can i {v} {n}", "{v} {n} {t}", "hey, {v} {n}", "i just want to {v} {n}",
    "what if i want to {v} {n}", "am i allowed to {v} {n} {w}", "can i {v} {n} {w}", "i'd rather not {v} {n}",
)  # fmt: skip

STATEMENTS = (
    "where is {n}", "what is {n}", "what about {n}", "tell me about {n}", "i have a question about {n}", "show me {n}",
    "why is {n} {a}", "why was {n} {a}?", "{n} is {a}", "{n} was {a} {t}", "{n} seems to be {a}", "is {n} {a}",
    "when will {n} be {a}", "{n} has not arrived yet", "i am still waiting for {n}", "there is a problem with {n}",
    "something is wrong with {n}", "{n} is not working", "{n} doesn't work {w}", "how much is {n}", "what does {n} cost",
    "how many of {n} can i have", "do i have {n}", "do you offer {n}", "do you have {n} {w}", "what kind of {n} is there",
    "who is responsible for {n}", "what is the status of {n}", "how does {n} work", "i need {n} {t}", "i don't want {n}",
    "i lost {n}", "i found {n}", "i already have {n}", "i never got {n}", "which one is {n}", "i think {n} is {a}",
    "why did i get {n} {t}", "what time is {n}", "how long until {n}", "is there {n} {w}", "what's going on with {n}",
    "can you explain {n} to me", "it looks like {n} is {a}", "why hasn't {n} been {a}", "should i be worried about {n}",
    "will {n} be {a} {t}", "i'm not happy with {n}", "thanks for {n}", "i need more information about {n}", "any news on {n}",
    "give me {n}", "find {n} {w}", "what can i do about {n}", "i want {n}", "how often is {n} {a}", "how far is {n}",
)  # fmt: skip

TIMES = (
    "today|tomorrow|tonight|yesterday|right now|this week|next week|on friday|on monday morning|at 5 pm|at noon|last month|"
    "in two days|for the weekend|this evening|since last week|by the end of the month|in ten minutes|every day|as soon as possible|"
    "twice|again|before my trip|next year|in march|an hour ago|a few days ago|immediately|later|for 2 people"
).split("|")
WHERES = (
    "abroad|online|in the app|at home|in london|in new york|near me|at the airport|in my country|over the phone|here|in europe|"
    "at the atm|at the store|in the usa|on my phone|at work|from another bank|without a card|in chicago|in the city|for free|"
    "at a branch|for my son|for my wife|for my business|with my credit card|from my account|in japan|in english"
).split("|")
STATES = (
    "pending|declined|cancelled|late|delayed|broken|blocked|frozen|expired|stolen|lost|missing|wrong|reverted|rejected|accepted|"
    "ready|available|free|closed|open|full|empty|expensive|cheap|too high|too low|not available|charged twice|refunded|delivered|"
    "damaged|safe|secure|due|confirmed|approved|taken|shipped|on time|not showing up|showing as pending|different|better|new|slow|"
    "working|supported|included|required|covered|insured|valid|good|bad|healthy|possible|noisy|hot|cold|gone|used|sent"
).split("|")
OPENINGS = ("hi, ", "hello, ", "ok ", "so ", "excuse me, ", "sorry, ", "please help, ", "um, ", "quick question: ")
TWO_WORD_VERBS = ("up", "on", "off", "for", "to", "in", "out", "someone", "me", "about")


def verbs(words: str) -> list[str]:
    """Verbs of one or more words: particles join the verb before them."""
    found: list[str] = []
    for word in words.split():
        if found and word in TWO_WORD_VERBS:
            found[-1] += f" {word}"
        else:
            found.append(word)
    return found


def sentences(count: int, seed: int, nouns: list[str]) -> Iterator[str]:
    """`count` sentences; now and then a thing is one of `nouns`, so that the whole vocabulary is met in such frames."""
    rng = random.Random(seed)
    topics = [(verbs(v), n.split("|")) for v, n in TOPICS.values()]
    for _ in range(count):
        yield _sentence(rng, topics, nouns)


def _sentence(rng: random.Random, topics: list[tuple[list[str], list[str]]], nouns: list[str]) -> str:
    actions, things = rng.choice(topics)
    thing = rng.choice(things)
    chance = rng.random()
    if chance < 0.15:
        thing = rng.choice(("the ", "my ", "a ", "some ", "")) + rng.choice(nouns)
    elif chance < 0.25:
        thing = rng.choice(rng.choice(topics)[1])
    frame = rng.choice(REQUESTS if rng.random() < 0.5 else STATEMENTS)
    if rng.random() < 0.1:
        frame = f"{frame} {rng.choice(('and', 'but', 'because', ','))} {rng.choice(STATEMENTS)}"
    text = frame.format(
        v=rng.choice(actions), n=thing, a=rng.choice(STATES), t=rng.choice(TIMES), w=rng.choice(WHERES)
    )
    text = rng.choice(OPENINGS) + text if rng.random() < 0.08 else text
    return text + "?" if rng.random() < 0.15 and not text.endswith("?") else text
