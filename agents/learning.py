"""What organisations pick up from one another: practice, technology, and the terms they ask for.

Change this file to change how good practice and technology spread, are forgotten and dropped, and how
an organisation comes to hold its ties on other terms. What practice and technology do is in services.py;
what workers take with them when they leave is in staff.py.
"""

from __future__ import annotations

import math

from agents.agreements import year_of_value
from agents.chance import Decision, chance
from agents.events import tell
from agents.rule import rule
from agents.tables import (
    APRIL,
    MONTHS_A_YEAR,
    NOBODY,
    Cause,
    Contagion,
    Happening,
    Kind,
    Layer,
    Organisation,
    TermsChange,
    Tie,
    Town,
)
from agents.terms import Terms

A_HAIR = 1e-12
"""Dials closer than this are the same."""

# ---- practice and technology ----------------------------------------------------------------------


@rule
def hear_from_each_other(tie: Tie, town: Town) -> None:
    """The two ends of a tie hear how the other works and what it works with, as far as the tie carries it.

    Practice is heard of where the other is ahead. Both ends hear before either learns.
    """
    if tie.active == 0:
        return
    one = town.organisations[tie.buyer]
    other = town.organisations[tie.seller]
    listen(one, other, tie.carries)
    listen(other, one, tie.carries)


def listen(one: Organisation, other: Organisation, carries: float) -> None:
    """One organisation hears from another."""
    lead = other.practice - one.practice
    if lead > 0.0 and carries > 0.0:
        one.practice_heard += carries * lead
        one.practice_leads += 1
    if other.technology > 0.0 and carries > 0.0:
        one.technology_heard += carries * other.technology
        one.technology_leads += 1


@rule
def learn(organisation: Organisation, town: Town) -> None:
    """Practice grows by doing and by what was heard, and is forgotten a little; technology is taken up or dropped.

    What is heard counts as a share of the organisation's ties, so that a tie more dilutes the others. Simple
    contagion follows what is heard at once; complex contagion follows only where as many ties lead as the
    organisation's threshold. Nobody learns a practice that nobody leads in. Taking technology up: chance =
    innovation + imitation × share heard. 0-1.

    Source: Bass (1969) for innovation and imitation; Granovetter (1978) and Centola & Macy (2007) for thresholds;
    Eckles et al. (2024) for adoption below them, which is the innovation here.
    """
    parameters = town.parameters
    if organisation.alive == 0:
        return
    before = organisation.practice
    learnt = parameters.practice_from_others * lead_followed(organisation, town)
    learnt += parameters.practice_learning * (1.0 - before)
    organisation.practice = min(1.0, max(0.0, before + learnt - parameters.practice_forgetting * before))
    likely = parameters.innovation + parameters.imitation * share_told(organisation, town)
    if organisation.technology == 0.0:
        if chance(town, Decision.TAKE_UP, organisation.id) < likely:
            organisation.technology = 1.0
    elif chance(town, Decision.DROP, organisation.id) < parameters.technology_loss:
        organisation.technology = 0.0


def lead_followed(organisation: Organisation, town: Town) -> float:
    """How far ahead the practice is that an organisation follows: all ties' mean, or past a threshold the leaders'."""
    tells = organisation.ties
    if town.parameters.contagion == Contagion.COMPLEX:
        tells = organisation.practice_leads
        if tells < organisation.threshold:
            return 0.0
    return organisation.practice_heard / tells if tells > 0 else 0.0


def share_told(organisation: Organisation, town: Town) -> float:
    """How much of what its ties tell of technology moves it: their share, or past a threshold all. 0-1."""
    if town.parameters.contagion == Contagion.COMPLEX:
        return 1.0 if organisation.technology_leads >= organisation.threshold else 0.0
    return organisation.technology_heard / organisation.ties if organisation.ties > 0 else 0.0


# ---- terms ----------------------------------------------------------------------------------------


@rule
def take_stock_of_standing(organisation: Organisation, town: Town) -> None:
    """How well placed an organisation is, a year's average: cases helped with success, or a partner's margin.

    A service: successes over cases in its queue. A partner: what it gains over its usual cost. Only those of
    a kind compare themselves.
    """
    if organisation.kind == Kind.SERVICE:
        now = organisation.succeeded / organisation.queue if organisation.queue > 0 else 1.0
    else:
        gain = organisation.income - organisation.cost
        now = gain / organisation.usual_cost if organisation.usual_cost > 0.0 else 0.0
    organisation.standing += (now - organisation.standing) / MONTHS_A_YEAR


def terms_may_change(town: Town) -> bool:
    """Whether this is a month in which organisations think about their terms: April, unless they never do."""
    return bool(town.parameters.terms_change != TermsChange.NEVER and town.clock.month % MONTHS_A_YEAR == APRIL)


@rule
def compare_terms(tie: Tie, town: Town) -> None:
    """Two tied organisations of a kind look at each other: who is better placed, and on what terms.

    Nothing changes yet, so that everyone looks at the same town; equals are told apart by lot.
    """
    if tie.active == 0 or not terms_may_change(town):
        return
    one = town.organisations[tie.buyer]
    other = town.organisations[tie.seller]
    if one.kind == other.kind:
        look_at(one, other, town)
        look_at(other, one, town)


def look_at(one: Organisation, other: Organisation, town: Town) -> None:
    """One organisation looks at another: it remembers the best placed it has seen, and adds up all terms."""
    best = one if one.best == NOBODY else town.organisations[one.best]
    better = other.standing > best.standing
    if other.standing == best.standing and one.best != NOBODY:
        better = chance(town, Decision.BETTER_PLACED, other.id) > chance(town, Decision.BETTER_PLACED, best.id)
    if better:
        one.best = other.id
    one.looked_at += 1
    add_terms(town.wishes[one.id], other, 1.0)


@rule
def wish_for_terms(organisation: Organisation, town: Town) -> None:
    """An organisation settles which terms it would rather have: the best placed's, or the average of all it saw.

    Its own count among them. Copying the best is imitation as in Nowak & May (1992); averaging is DeGroot (1974).
    """
    if not terms_may_change(town):
        return
    wish = town.wishes[organisation.id]
    if town.parameters.terms_change == TermsChange.AVERAGE:
        add_terms(wish, organisation, 1.0)
        scale_terms(wish, 1.0 / (organisation.looked_at + 1))
    else:
        best = organisation if organisation.best == NOBODY else town.organisations[organisation.best]
        scale_terms(wish, 0.0)
        add_terms(wish, best, 1.0)


@rule
def take_on_terms(organisation: Organisation, town: Town) -> None:
    """What was wished for becomes what the organisation asks for, with the chance of changing.

    So not all who would change do so in one year.
    """
    if not terms_may_change(town):
        return
    wish = town.wishes[organisation.id]
    organisation.changed_terms = 0
    willing = chance(town, Decision.CHANGE_TERMS, organisation.id) < town.parameters.changing
    if organisation.alive == 1 and willing and differ(wish, organisation):
        scale_terms(organisation, 0.0)
        add_terms(organisation, wish, 1.0)
        organisation.changed_terms = 1
        averages = town.parameters.terms_change == TermsChange.AVERAGE
        organisation.event = tell(
            town,
            Happening.CHANGE_OF_TERMS,
            organisation.id,
            NOBODY if averages else organisation.best,
            organisation.standing,
            Cause.OTHERS_DIFFER if averages else Cause.BETTER_PLACED,
            organisation.event,
        )
    scale_terms(wish, 0.0)
    organisation.best = NOBODY
    organisation.looked_at = 0


@rule
def rewrite_terms(tie: Tie, town: Town) -> None:
    """A tie takes on the terms its ends now ask for; work is slow for some months, and drafting costs the buyer.

    The buyer writes an agreement, with the seller's say in it; two peers meet half way. Where what they ask for
    comes to the terms they already have, nothing is rewritten and nothing is paid.
    """
    if tie.active == 0 or not terms_may_change(town):
        return
    one = town.organisations[tie.buyer]
    other = town.organisations[tie.seller]
    if one.changed_terms == 0 and other.changed_terms == 0:
        return
    say = 0.5 if tie.layer == Layer.PEER else town.parameters.sellers_say
    draft = town.wishes[one.id]
    add_terms(draft, one, 1.0 - say)
    add_terms(draft, other, say)
    new = differ(draft, tie)
    if new:
        scale_terms(tie, 0.0)
        add_terms(tie, draft, 1.0)
    scale_terms(draft, 0.0)
    if new and tie.layer == Layer.AGREEMENT:
        tie.slow_months = max(tie.slow_months, town.parameters.changing_months)
        tie.admin_cost += town.parameters.changing_cost * year_of_value(tie)


# ---- terms as things to add up ----------------------------------------------------------------------


def add_terms(into: Terms, of: Terms, weight: float) -> None:
    """Add so much of some terms to others, dial by dial."""
    into.indexation += weight * of.indexation
    into.openness += weight * of.openness
    into.enforcement += weight * of.enforcement
    into.monitoring += weight * of.monitoring
    into.penalty += weight * of.penalty
    into.term += weight * of.term
    into.renewal += weight * of.renewal
    into.sharing += weight * of.sharing
    into.coordination += weight * of.coordination
    into.flexibility += weight * of.flexibility
    into.mutual_aid += weight * of.mutual_aid
    into.tender_cost += weight * of.tender_cost


def scale_terms(terms: Terms, factor: float) -> None:
    """Multiply every dial."""
    terms.indexation *= factor
    terms.openness *= factor
    terms.enforcement *= factor
    terms.monitoring *= factor
    terms.penalty *= factor
    terms.term *= factor
    terms.renewal *= factor
    terms.sharing *= factor
    terms.coordination *= factor
    terms.flexibility *= factor
    terms.mutual_aid *= factor
    terms.tender_cost *= factor


def differ(one: Terms, other: Terms) -> bool:
    """Whether any dial differs, by more than adding up and dividing may have left."""
    return bool(
        math.fabs(one.indexation - other.indexation) > A_HAIR
        or math.fabs(one.openness - other.openness) > A_HAIR
        or math.fabs(one.enforcement - other.enforcement) > A_HAIR
        or math.fabs(one.monitoring - other.monitoring) > A_HAIR
        or math.fabs(one.penalty - other.penalty) > A_HAIR
        or math.fabs(one.term - other.term) > A_HAIR
        or math.fabs(one.renewal - other.renewal) > A_HAIR
        or math.fabs(one.sharing - other.sharing) > A_HAIR
        or math.fabs(one.coordination - other.coordination) > A_HAIR
        or math.fabs(one.flexibility - other.flexibility) > A_HAIR
        or math.fabs(one.mutual_aid - other.mutual_aid) > A_HAIR
        or math.fabs(one.tender_cost - other.tender_cost) > A_HAIR
    )
