"""What a town remembers: every column of its tables, with unit, range and meaning.

Change this file to give residents, organisations or ties something new to remember; both ways of
running, the Mesa agents and the documentation pick the column up from here. A row holds only
float64 and int64 numbers, so that the plain and the compiled town agree to the last bit.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from agents.declared import Numbers, Whole, column, dtype_of
from agents.terms import Terms

NOBODY = -(2**31)
"""No row at all. Far below zero, because -1 would quietly mean the last row."""

NEEDS = 6
COMPONENTS = 4
MONTHS_A_YEAR = 12
APRIL = 3
"""Month 0 of every run is a January; years of funding begin in April."""
WELLBEING_BINS = 200
"""Wellbeing from 0 to 10 is counted in steps of 0.05, to find its lowest tenth without sorting."""
WAITING_BINS = 25
"""Waiting is counted in whole months; the last bin holds everyone who has waited longer."""


class Need(IntEnum):
    """What a resident may need help with."""

    HEALTH = 0
    CARE = 1
    HOUSING = 2
    MONEY = 3
    WORK = 4
    FAMILY = 5


class Component(IntEnum):
    """What costs are made of."""

    ENERGY = 0
    FOOD = 1
    LABOUR = 2
    OTHER = 3


class Status(IntEnum):
    """Where a resident stands with one need."""

    NONE = 0
    WAITING = 1
    SERVED = 2


class Kind(IntEnum):
    """A service is the public front door of one need; partners sell places to services."""

    SERVICE = 0
    PARTNER = 1


class Sector(IntEnum):
    """Whose an organisation is."""

    COUNCIL = 0
    HEALTH = 1
    PRIVATE = 2
    THIRD = 3
    OTHER_PUBLIC = 4


class Layer(IntEnum):
    """What a tie between organisations is: a service buying from a partner, or two who know each other."""

    AGREEMENT = 0
    PEER = 1


class State(IntEnum):
    """How a partner is coping this month, from well to gone."""

    STABLE = 0
    SUBSIDISING = 1
    CUTTING = 2
    HANDED_BACK = 3
    CLOSED = 4


class Happening(IntEnum):
    """What an event row tells of."""

    HAND_BACK = 0
    CLOSURE = 1
    TENDER = 2
    BREACH = 3
    REFUSAL = 4
    DISPUTE = 5
    CRISIS = 6
    RENEWAL = 7
    NO_BIDDER = 8
    LOSS = 9
    CUT = 10
    ENTRY = 11
    EMERGENCY = 12
    EMERGENCY_OVER = 13
    CHANGE_OF_TERMS = 14


class Cause(IntEnum):
    """The state that led to an event; an earlier event that led to it is named beside it."""

    COST_ABOVE_PRICE = 0
    RESERVES_GONE = 1
    TERM_ENDED = 2
    PARTNER_LEFT = 3
    GAIN_ABOVE_RISK = 4
    NO_MONEY = 5
    SHORT_HORIZON = 6
    WIDE_PRICE_RANGE = 7
    NEED_UNMET = 8
    TRUST_KEPT = 9
    RESERVES_LOW = 10
    PLACE_FREE = 11
    RESERVES_BACK = 12
    BETTER_PLACED = 13
    OTHERS_DIFFER = 14


USUAL_QUALITY, QUALITY_SPREAD, LOWEST_QUALITY, HIGHEST_QUALITY = 0.78, 0.05, 0.5, 0.95
"""How good the work of a new organisation is: a bell, cut off at both ends. Assumed."""
LEAST_PRACTICE, PRACTICE_SPREAD, USUAL_PRACTICE = 0.55, 0.1, 0.6
"""How good an organisation's ways of working are when the town is founded, evenly spread; and a newcomer's. Assumed."""
LOYAL, GREEDY = 0.3, 0.6
"""How far a new partner goes after its own gain: up to the first, or from the second up to 1. Assumed."""


class Contagion(IntEnum):
    """How practice and technology spread: in proportion to what is heard, or once enough others lead."""

    SIMPLE = 0
    COMPLEX = 1


class TermsChange(IntEnum):
    """How organisations come to ask for other terms."""

    NEVER = 0
    IMITATE_THE_BEST = 1
    AVERAGE = 2


class TrustRule(IntEnum):
    """How a month of kept or broken promises moves trust between organisations."""

    ASYMMETRIC = 0
    AVERAGING = 1
    RATCHET = 2
    BETA = 3


class Audit(IntEnum):
    """What the tier above audits."""

    NOTHING = 0
    OUTPUTS = 1
    OUTCOMES = 2


class Split(IntEnum):
    """How a service's places are split among neighbourhoods."""

    TOWN_WIDE = 0
    PER_HEAD = 1
    BY_NEED = 2
    TO_DEPRIVATION = 3


class Resident:
    """A person who lives in the town."""

    id: int = column(low=0, unit="row", meaning="Which row of the table this is.")
    luck: int = column(low=0, unit="address", meaning="The address of this resident's luck, for life.")
    neighbourhood: int = column(low=0, unit="row", meaning="Where the resident lives.")
    age: float = column(low=0, high=110, unit="years", meaning="Age at the start.")
    slack: float = column(low=0, high=1, unit="share", meaning="How easily the household absorbs dearer living.")
    energy_share: float = column(low=0, high=1, unit="share of spending", meaning="Spent on energy at the start.")
    food_share: float = column(low=0, high=1, unit="share of spending", meaning="Spent on food at the start.")
    online: int = column(low=0, high=1, unit="0 or 1", meaning="Whether the resident can use services online.")
    frailty: float = column(low=0, unit="multiple", meaning="How much likelier than most to meet a new need.")
    need: Numbers = column(low=0, high=1, shape=NEEDS, unit="severity 0-1", meaning="How bad each need is.")
    pressure: Numbers = column(low=0, shape=NEEDS, unit="severity", meaning="What adds to each need this month.")
    remaining: Numbers = column(
        1.0, low=0, high=1, shape=NEEDS, unit="share", meaning="Share of each need left after this month's help."
    )
    status: Whole = column(low=0, high=2, shape=NEEDS, unit="status", meaning="None, waiting or served.")
    waited: Whole = column(low=0, shape=NEEDS, unit="months", meaning="Months waited for each need.")
    provider: Whole = column(NOBODY, shape=NEEDS, unit="row", meaning="The organisation that last helped, or NOBODY.")
    helper: Whole = column(
        NOBODY, shape=NEEDS, unit="row", meaning="The organisation that helps this month, or NOBODY."
    )
    trust: Numbers = column(low=0, high=1, shape=NEEDS, unit="0-1", meaning="Trust in each need's front door.")
    spare: float = column(low=0, high=1, unit="share", meaning="How free of own need: what there is to give to kith.")
    squeeze: float = column(low=0, unit="share", meaning="Rise in living costs beyond income and slack, this month.")
    in_crisis: int = column(low=0, high=1, unit="0 or 1", meaning="Whether a crisis struck this month.")
    contacts: int = column(low=0, unit="count", meaning="Times help was asked for.")
    returns: int = column(low=0, unit="count", meaning="Times asked again because help had failed.")
    crises: int = column(low=0, unit="count", meaning="Crises lived through.")
    wellbeing: float = column(low=0, high=10, unit="0-10", meaning="Satisfaction with life this month.")
    first_kith: int = column(low=0, unit="row", meaning="Where this resident's neighbours begin in the kith list.")
    last_kith: int = column(low=0, unit="row", meaning="One past the last of them.")


class Organisation(Terms):
    """A service or a partner. Services come first in the table: service d is the front door of need d.

    Its twelve dials are the terms it asks for, which matter once organisations may change theirs.
    """

    id: int = column(low=0, unit="row", meaning="Who this is; the address of its luck.")
    kind: int = column(low=0, high=1, unit="kind", meaning="Service or partner.")
    sector: int = column(low=0, high=4, unit="sector", meaning="Council, health, private, third, other public.")
    funder: int = column(unit="row", meaning="Who funds this service, or NOBODY.")
    neighbourhood: int = column(unit="row", meaning="Where it is rooted, or NOBODY.")
    alive: int = column(low=0, high=1, unit="0 or 1", meaning="Whether it still exists.")
    state: int = column(low=0, high=4, unit="state", meaning="How it is coping this month.")
    serves: Whole = column(low=0, high=1, shape=NEEDS, unit="0 or 1", meaning="Which needs it can help with.")
    basket: Numbers = column(low=0, high=1, shape=COMPONENTS, unit="share of cost", meaning="What its costs go on.")
    energy_price: float = column(low=0, unit="index", meaning="The energy price it is tied to until it next renews.")
    energy_renewal: int = column(low=0, high=11, unit="month of the year", meaning="When its energy contract renews.")
    base_cost: float = column(low=0, unit="£ per place", meaning="Cost of a place before any price moved.")
    cost_index: float = column(1.0, low=0, unit="index", meaning="Its basket at today's prices; 1 at the start.")
    cost_at_start: float = column(low=0, unit="£ per place", meaning="Cost of a place had no price moved.")
    unit_cost: float = column(low=0, unit="£ per place", meaning="Cost of a place this month.")
    quality: float = column(low=0, high=1, unit="chance", meaning="Chance that its help works, all else well.")
    opportunism: float = column(low=0, high=1, unit="0-1", meaning="How far it goes after its own gain.")
    practice: float = column(low=0, high=1, unit="0-1", meaning="How good its ways of working are.")
    practice_heard: float = column(low=0, unit="sum of leads", meaning="How far others are ahead, as far as it hears.")
    practice_leads: int = column(low=0, unit="ties", meaning="Ties along which it hears of better practice this month.")
    technology: float = column(low=0, high=1, unit="0 or 1", meaning="Whether it works with the new technology.")
    technology_heard: float = column(low=0, unit="sum of shares", meaning="What it hears from those that do.")
    technology_leads: int = column(low=0, unit="ties", meaning="Ties along which it hears of it this month.")
    threshold: int = column(
        low=0, unit="ties", meaning="How many ties must lead before it follows (complex contagion)."
    )
    standing: float = column(unit="share", meaning="How well placed it is among its kind, a year's average.")
    best: int = column(NOBODY, unit="row", meaning="The best placed of its kind that it has seen, or NOBODY.")
    looked_at: int = column(low=0, unit="organisations", meaning="How many of its kind it has looked at this year.")
    changed_terms: int = column(low=0, high=1, unit="0 or 1", meaning="Whether it changed what it asks for this April.")
    broker_trust: float = column(low=0, high=1, unit="0-1", meaning="Trust between it and the broker.")
    broker_carries: float = column(low=0, high=1, unit="share", meaning="Information that passes to the broker.")
    posts: float = column(low=0, unit="workers", meaning="Workers it is paid to have.")
    staff: float = column(low=0, unit="workers", meaning="Workers it has.")
    burnout: float = column(low=0, high=1, unit="share of staff", meaning="Staff who are burnt out.")
    leavers: float = column(low=0, unit="workers", meaning="Staff who left this month.")
    tie_time: float = column(low=0, unit="share of staff time", meaning="Time ties, audit and broker take this month.")
    stress: float = column(low=0, high=1, unit="0-1", meaning="How hard pressed it is.")
    ties: int = column(low=0, unit="ties", meaning="Active ties of any kind this month.")
    peers: int = column(low=0, unit="ties", meaning="Active ties to peers this month.")
    crossing: float = column(
        low=0, unit="sum of chances", meaning="How freely its own workers cross over, added up over peers."
    )
    asked: float = column(low=0, unit="places", meaning="Places asked of a partner this month.")
    load: float = column(low=0, unit="ratio", meaning="Work asked over work that can be done.")
    places: float = column(low=0, unit="places", meaning="Places of its own it can give this month.")
    places_left: float = column(low=0, unit="places", meaning="Own places not yet given out this month.")
    paid_places: float = column(low=0, unit="places", meaning="Places' worth of staff time paid for this month.")
    unpaid_places: float = column(low=0, unit="places", meaning="Places given by staff beyond their paid time.")
    queue: int = column(low=0, unit="cases", meaning="Cases waiting at this front door this month.")
    served: int = column(low=0, unit="cases", meaning="Cases it helped this month.")
    succeeded: int = column(low=0, unit="cases", meaning="Cases at a service's door helped with success this month.")
    complaints: int = column(low=0, unit="complaints", meaning="Complaints since places were last set.")
    complaints_heard: int = column(low=0, unit="complaints", meaning="Complaints it answers this month.")
    prevention: float = column(low=0, high=1, unit="share of time", meaning="Staff time a service spends upstream.")
    upstream: float = column(low=0, high=1, unit="share of time", meaning="Prevention that has had time to work.")
    spared: float = column(1.0, low=0, high=1, unit="multiple", meaning="What prevention leaves of new needs.")
    crisis_bill: float = column(
        low=0, unit="£ a month", meaning="What crises in its need cost others, a year's average."
    )
    crises: int = column(low=0, unit="crises", meaning="Crises in a service's need this month.")
    budget: float = column(low=0, unit="£ a month", meaning="What its funder pays a service.")
    reserves: float = column(unit="£", meaning="Money it holds; a service's balance within the year.")
    own_reserves: float = column(low=0, unit="months of cost", meaning="Reserves it likes to hold; more is paid out.")
    income: float = column(unit="£", meaning="Paid to it for places this month.")
    cost: float = column(unit="£", meaning="What its places cost it this month.")
    outside_income: float = column(unit="£", meaning="Gains and losses this month from work outside the town.")
    usual_cost: float = column(low=0, unit="£ a month", meaning="Cost of all its agreed places before prices moved.")
    paid_out: float = column(low=0, unit="£", meaning="Reserves above its own liking, paid out to its owners.")
    aid: float = column(unit="£", meaning="Help received from tied partners, less help given, this month.")
    withheld: float = column(low=0, high=1, unit="share", meaning="Share of agreed places it withholds while cutting.")
    worst_agreement: int = column(NOBODY, unit="row", meaning="Its agreement that lost most this month.")
    worst_loss: float = column(low=0, unit="£", meaning="What that agreement lost.")
    lost: int = column(low=0, high=1, unit="0 or 1", meaning="Whether its places lost money this month.")
    event: int = column(NOBODY, unit="row", meaning="The last event that befell it, or NOBODY.")
    first_agreement: int = column(low=0, unit="row", meaning="Where a service's agreements begin.")
    last_agreement: int = column(low=0, unit="row", meaning="One past the last of them.")


class Tie(Terms):
    """A tie between two organisations: a service buying from a partner, or two peers. It carries its terms."""

    id: int = column(low=0, unit="row", meaning="Which tie this is.")
    address: int = column(low=0, unit="address", meaning="The address of its luck, made from its two ends and need.")
    layer: int = column(low=0, high=1, unit="layer", meaning="Agreement or peer.")
    buyer: int = column(low=0, unit="row", meaning="The service that buys; for peers, the first of the two.")
    seller: int = column(low=0, unit="row", meaning="The partner that sells; for peers, the second.")
    need: int = column(NOBODY, unit="need", meaning="What is bought; NOBODY for peers.")
    active: int = column(low=0, high=1, unit="0 or 1", meaning="Whether it holds.")
    carries: float = column(low=0, high=1, unit="share", meaning="Information that passes along it this month.")
    turned: float = column(
        1.0, low=0, high=2, unit="multiple", meaning="How far the two turn to each other under stress."
    )
    known: int = column(low=0, unit="months", meaning="Months the two have worked together.")
    trust_of_buyer: float = column(low=0, high=1, unit="0-1", meaning="How far the buyer trusts the seller.")
    trust_of_seller: float = column(low=0, high=1, unit="0-1", meaning="How far the seller trusts the buyer.")
    price: float = column(low=0, unit="£ per place", meaning="Price in force.")
    first_price: float = column(low=0, unit="£ per place", meaning="Price when the town was founded.")
    lowest_price: float = column(low=0, unit="£ per place", meaning="Lowest price asked since signing.")
    highest_price: float = column(low=0, unit="£ per place", meaning="Highest price asked since signing.")
    cost_when_priced: float = column(low=0, unit="£ per place", meaning="Seller's cost at the last anniversary.")
    drift: float = column(1.0, low=1, unit="multiple", meaning="How far cost has crept up while untendered.")
    posts: float = column(low=0, unit="workers", meaning="Workers this agreement pays for.")
    waiting_staff: float = column(low=0, unit="workers", meaning="Workers between employers until it is let again.")
    agreed: float = column(low=0, unit="places a month", meaning="Volume agreed.")
    able: float = column(low=0, unit="places", meaning="Places the seller can give under it this month.")
    asked: float = column(low=0, unit="places", meaning="Places the buyer had cases for this month, up to agreed.")
    volume: float = column(low=0, unit="places", meaning="Places bought this month.")
    unpaid_places: float = column(low=0, unit="places", meaning="Of these, given beyond paid time.")
    places_left: float = column(low=0, unit="places", meaning="Bought places not yet given out.")
    served: int = column(low=0, unit="cases", meaning="Cases helped this month under this agreement.")
    succeeded: int = column(low=0, unit="cases", meaning="Of these, helped with success.")
    months_left: int = column(low=0, unit="months", meaning="Months until the agreement ends.")
    age: int = column(low=0, unit="months", meaning="Months since it was signed.")
    gap: int = column(low=0, unit="months", meaning="Months until a lost agreement can be let again.")
    slow_months: int = column(low=0, unit="months", meaning="Months of slower work left after a switch.")
    shades_verifiable: int = column(low=0, high=1, unit="0 or 1", meaning="Seller skimps on what audit could see.")
    shades_rest: int = column(low=0, high=1, unit="0 or 1", meaning="Seller skimps on what audit cannot see.")
    effort: float = column(1.0, low=0, high=1, unit="share", meaning="Effort that reaches residents.")
    saved: float = column(low=0, high=1, unit="share of cost", meaning="Cost the seller saves by skimping.")
    fined: float = column(low=0, unit="£", meaning="Taken back from the seller this month.")
    seller_broke: int = column(low=0, high=1, unit="0 or 1", meaning="Whether a breach by the seller was seen.")
    buyer_broke: int = column(low=0, high=1, unit="0 or 1", meaning="Whether the buyer refused a promised rise.")
    disputed: int = column(low=0, high=1, unit="0 or 1", meaning="Whether the two argued over price this month.")
    seller_breaches: int = column(low=0, unit="count", meaning="Breaches by the seller since signing.")
    buyer_breaches: int = column(low=0, unit="count", meaning="Breaches by the buyer since signing.")
    admin_cost: float = column(
        low=0, unit="£", meaning="Buyer's cost of the tie this month: checking, drafting, letting."
    )
    changed_hands: int = column(low=0, high=1, unit="0 or 1", meaning="Whether the seller changed this month.")
    aid: float = column(unit="£", meaning="Help passed along the tie this month, from buyer's end to seller's end.")
    event: int = column(NOBODY, unit="row", meaning="The last event on this tie, or NOBODY.")


class Funder:
    """Who pays for services: the council and the health service."""

    id: int = column(low=0, unit="row", meaning="Which funder this is.")
    budget: float = column(low=0, unit="£ a month", meaning="What it pays its services in all.")
    reserves: float = column(unit="£", meaning="Money it holds.")
    opening_reserves: float = column(unit="£", meaning="Money it held when the month opened.")
    drawn: float = column(low=0, unit="£", meaning="Reserves released to services this month.")
    emergency: int = column(low=0, high=1, unit="0 or 1", meaning="Whether spending is under emergency control.")
    tier_trust: float = column(0.5, low=0, high=1, unit="0-1", meaning="Trust of the tier above in this funder.")
    crisis_budget: float = column(low=0, unit="£ a month", meaning="What it is given for crises.")
    event: int = column(NOBODY, unit="row", meaning="The last event that befell it, or NOBODY.")


class Neighbourhood:
    """A part of town, and this month's count of the people in it."""

    id: int = column(low=0, unit="row", meaning="Which neighbourhood this is.")
    deprivation: float = column(low=0, high=1, unit="0-1", meaning="How deprived it is.")
    social_capital: float = column(low=0, high=1, unit="0-1", meaning="How far neighbours help one another.")
    people: int = column(low=0, unit="people", meaning="Residents who live there.")
    quota: Numbers = column(
        low=0, shape=NEEDS, unit="places", meaning="Places for each need meant for it, not yet given."
    )
    queue: Whole = column(low=0, shape=NEEDS, unit="cases", meaning="Cases waiting at each front door this month.")
    complaints: int = column(low=0, unit="complaints", meaning="Complaints this month.")
    residents: int = column(low=0, unit="people", meaning="People counted this month.")
    wellbeing: float = column(low=0, unit="sum of 0-10", meaning="Their wellbeing, added up.")
    need: float = column(low=0, unit="sum of severity", meaning="Their needs above tolerance before help, added up.")
    unmet: float = column(low=0, unit="sum of severity", meaning="What was still above tolerance after help, added up.")
    waiting: int = column(low=0, unit="cases", meaning="Cases waiting.")
    waiting_long: int = column(low=0, unit="cases", meaning="Cases waiting for more than six months.")
    asked: int = column(low=0, unit="contacts", meaning="Requests for help this month.")
    came_back: int = column(low=0, unit="contacts", meaning="Of these, made because help had failed.")
    gave_up: int = column(low=0, unit="cases", meaning="Cases that gave up this month.")
    crises: int = column(low=0, unit="crises", meaning="Crises this month.")
    helped: int = column(low=0, unit="cases", meaning="Cases helped this month.")
    resolved: int = column(low=0, unit="cases", meaning="Of these, with success.")
    moved: int = column(low=0, unit="cases", meaning="Cases helped by another organisation than last time.")
    low_wellbeing: int = column(low=0, unit="people", meaning="People at 4 or below.")
    several_needs: int = column(low=0, unit="people", meaning="People who feel two or more needs.")


class Case:
    """A resident's need in a front door's queue, with its place in the order."""

    resident: int = column(unit="row", meaning="Whose need.")
    priority: float = column(unit="rank", meaning="Higher is helped sooner; equal needs are ordered by lot.")


class Outside:
    """What the world does to the town in one month."""

    prices: Numbers = column(
        1.0, low=0, shape=COMPONENTS, unit="index", meaning="Prices organisations meet: energy, food, labour, other."
    )
    household_energy: float = column(1.0, low=0, unit="index", meaning="The energy price households meet.")
    settlement: float = column(1.0, low=0, unit="factor", meaning="By what factor budgets grow this month.")
    demand: float = column(1.0, low=0, unit="factor", meaning="By what factor new needs are likelier.")


class Event:
    """Something that happened between organisations, or to a resident."""

    month: int = column(low=0, unit="month", meaning="When.")
    kind: int = column(low=0, unit="kind", meaning="What: see Happening.")
    who: int = column(unit="row", meaning="Who did it or met it: an organisation; for a crisis, a resident.")
    whom: int = column(unit="row", meaning="The other side, or NOBODY.")
    amount: float = column(unit="£ or severity", meaning="How much.")
    cause: int = column(low=0, unit="cause", meaning="The state that led to it: see Cause.")
    because: int = column(unit="row", meaning="The earlier event that led to it, or NOBODY.")


class Clock:
    """The month, and the key to its luck."""

    month: int = column(low=0, unit="month", meaning="The month being lived.")
    seed: int = column(unit="seed", meaning="What luck is made from.")
    key: int = column(unit="key", meaning="This month's key to chance.")
    events: int = column(low=0, unit="rows", meaning="Events written so far.")
    events_lost: int = column(low=0, unit="rows", meaning="Events there was no room for.")
    prices: Numbers = column(1.0, shape=COMPONENTS, unit="index", meaning="This month's prices.")
    household_energy: float = column(1.0, unit="index", meaning="This month's household energy price.")
    demand: float = column(1.0, unit="factor", meaning="This month's pressure of new needs.")
    aged: float = column(low=0, unit="years", meaning="How much older than at the start the town is.")
    broker: int = column(low=0, high=1, unit="0 or 1", meaning="Whether there is a broker this month.")
    settlements: int = column(low=0, unit="settlements", meaning="Aprils so far.")
    growth: float = column(1.0, low=0, unit="factor", meaning="By what factor budgets grow this month.")
    growth_told: float = column(1.0, low=0, unit="factor", meaning="The yearly growth last told in advance.")
    budget_due: float = column(1.0, low=0, unit="multiple", meaning="Budgets had every year been settled by itself.")
    budget_level: float = column(1.0, low=0, unit="multiple", meaning="Budgets as settled.")
    wellbeing: Whole = column(shape=WELLBEING_BINS, unit="people", meaning="People counted by wellbeing.")
    waiting: Whole = column(shape=WAITING_BINS, unit="cases", meaning="Waiting cases counted by months waited.")


class Books:
    """Where the money went this month, and who bore the rise in costs."""

    cost_rise: float = column(unit="£", meaning="Rise in the cost of what was asked for, against prices at the start.")
    funders: float = column(unit="£", meaning="Of the rise, paid by funders.")
    partners: float = column(unit="£", meaning="Of the rise, paid from partners' reserves.")
    staff: float = column(unit="£", meaning="Of the rise, given by staff in unpaid time.")
    residents: float = column(unit="£", meaning="Of the rise, lost to residents: places and effort not given.")
    paid_in: float = column(unit="£", meaning="Came into the town: budgets, and partners' gains outside it.")
    paid_away: float = column(unit="£", meaning="Left the town: wages, energy, food, fees, owners' takings.")
    held: float = column(unit="£", meaning="Held by everyone in the town when the month opened.")
    services_held: float = column(unit="£", meaning="Held by services and funders when the month opened.")
    partners_held: float = column(unit="£", meaning="Held by partners when the month opened.")
    public_cost: float = column(unit="£", meaning="Spent by the public purse, crises included.")
    tie_cost: float = column(unit="£", meaning="Of it, on letting, drafting, checking, sharing and meeting.")
    crisis_cost: float = column(unit="£", meaning="Of it, on crises, whoever paid.")
    crisis_cost_to_health: float = column(unit="£", meaning="Of that, paid by the health service.")
    broker_cost: float = column(unit="£", meaning="Paid by the council for the broker.")


class Count:
    """The whole town, counted this month: what the measures are made from."""

    residents: float = column(unit="people", meaning="Residents counted.")
    wellbeing: float = column(unit="sum of 0-10", meaning="Their wellbeing, added up.")
    lowest_tenth: float = column(unit="0-10", meaning="Wellbeing that nine in ten exceed.")
    low_wellbeing: float = column(unit="people", meaning="Residents at 4 or below.")
    need: float = column(unit="sum of severity", meaning="Needs above tolerance before help, added up.")
    unmet: float = column(unit="sum of severity", meaning="What was still above tolerance after help.")
    several_needs: float = column(unit="people", meaning="Residents who feel two or more needs.")
    waiting: float = column(unit="cases", meaning="Cases waiting.")
    waiting_long: float = column(unit="cases", meaning="Cases waiting for more than six months.")
    waiting_median: float = column(unit="months", meaning="How long the middle case has waited.")
    asked: float = column(unit="contacts", meaning="Requests for help.")
    came_back: float = column(unit="contacts", meaning="Of these, made because help had failed.")
    gave_up: float = column(unit="cases", meaning="Cases that gave up.")
    crises: float = column(unit="crises", meaning="Crises.")
    helped: float = column(unit="cases", meaning="Cases helped.")
    resolved: float = column(unit="cases", meaning="Of these, with success.")
    moved: float = column(unit="cases", meaning="Cases helped by another organisation than last time.")
    ranks: float = column(unit="people × rank", meaning="Residents by the rank of their neighbourhood's deprivation.")
    ranks_squared: float = column(unit="people × rank²", meaning="The same, by the rank's square.")
    unmet_by_rank: float = column(unit="severity × rank", meaning="Unmet need by rank.")
    unmet_least_deprived: float = column(unit="severity a resident", meaning="Unmet need in the least deprived part.")
    unmet_most_deprived: float = column(unit="severity a resident", meaning="Unmet need in the most deprived part.")
    staff: float = column(unit="workers", meaning="Workers in post, those between employers included.")
    posts: float = column(unit="workers", meaning="Posts, those of lost agreements included.")
    leavers: float = column(unit="workers", meaning="Workers who left.")
    burnt_out: float = column(unit="workers", meaning="Workers who are burnt out.")
    practice: float = column(unit="workers × practice", meaning="Practice, weighted by staff.")
    technology: float = column(unit="workers", meaning="Workers of organisations with the new technology.")
    prevention: float = column(unit="workers", meaning="Workers' worth of time spent upstream.")
    service_staff: float = column(unit="workers", meaning="Workers of services.")
    complaints: float = column(unit="complaints", meaning="Complaints.")
    emergency: float = column(unit="funders", meaning="Funders under emergency control.")
    funders: float = column(unit="funders", meaning="Funders.")
    tier_trust: float = column(unit="sum of 0-1", meaning="Trust of the tier above, added up.")
    tie_time_cost: float = column(unit="£", meaning="Staff time that ties took, at cost.")
    places: float = column(unit="places", meaning="Places that could be given, own and partners'.")
    service_money: float = column(unit="£", meaning="Money held by services and funders.")
    budgets: float = column(unit="£ a month", meaning="Budgets of services.")
    partners: float = column(unit="partners", meaning="Partners, closed ones included.")
    partners_in_state: Numbers = column(shape=5, unit="partners", meaning="Partners by state, from stable to closed.")
    partner_money: float = column(unit="£", meaning="Money held by living partners.")
    partner_usual_cost: float = column(unit="£ a month", meaning="Usual cost of living partners.")
    agreements: float = column(unit="agreements", meaning="Agreements, lost ones included.")
    held: float = column(unit="agreements", meaning="Agreements in force.")
    trust: float = column(unit="sum of 0-1", meaning="Trust on these, both sides' mean, added up.")
    trust_squared: float = column(unit="sum of squares", meaning="The same, squared and added up.")
    changed_hands: float = column(unit="agreements", meaning="Agreements that changed hands.")
    seller_broke: float = column(
        unit="agreements", meaning="Agreements in which the seller was seen to break its word."
    )
    buyer_broke: float = column(unit="agreements", meaning="Agreements in which the buyer refused a promised rise.")
    bought: float = column(unit="places", meaning="Places bought.")
    effort: float = column(unit="places", meaning="Places bought, by the effort made.")
    paid: float = column(unit="£", meaning="Paid for places bought.")
    cost: float = column(unit="£", meaning="What these places cost in full.")
    cost_rise: float = column(unit="£", meaning="The rise in costs, from the books.")
    by_funders: float = column(unit="£", meaning="Of it, borne by funders.")
    by_partners: float = column(unit="£", meaning="Of it, borne by partners.")
    by_staff: float = column(unit="£", meaning="Of it, borne by staff.")
    by_residents: float = column(unit="£", meaning="Of it, borne by residents.")
    public_cost: float = column(unit="£", meaning="Spent by the public purse.")
    tie_cost: float = column(unit="£", meaning="Of it, on ties.")


class Town(NamedTuple):
    """Everything at one moment. Services and agreements are the first rows of their tables, and the same memory."""

    residents: Any
    organisations: Any
    services: Any
    partners: Any
    ties: Any
    agreements: Any
    peers: Any
    funders: Any
    neighbourhoods: Any
    queue: Any
    kith: Any
    handoff: Any
    wishes: Any
    outside: Any
    events: Any
    history: Any
    neighbourhood_history: Any
    parameters: Any
    clock: Any
    books: Any
    count: Any


RECORDS: dict[str, type] = {
    "residents": Resident,
    "organisations": Organisation,
    "services": Organisation,
    "partners": Organisation,
    "ties": Tie,
    "agreements": Tie,
    "peers": Tie,
    "funders": Funder,
    "neighbourhoods": Neighbourhood,
    "queue": Case,
    "wishes": Terms,
    "outside": Outside,
    "events": Event,
    "clock": Clock,
    "books": Books,
    "count": Count,
}
"""Which class declares the rows of which field of the town (parameters and history have their own homes)."""


SINGLES = ("parameters", "clock", "books", "count")
"""Fields of the town that hold one record, not a table of them."""


def dtype(table: str) -> np.dtype[np.void]:
    """The record layout of a table, by its name in the town."""
    return dtype_of(RECORDS[table])


Rows = npt.NDArray[np.void]
