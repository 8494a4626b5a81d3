"""Every number a rule uses: default, range, unit, meaning, source and how good the evidence is.

Change a number here, in a scenario file, or with `--set name=value`. A parameter that is 0 (or 1, where
it is a multiple) switches its mechanism off. "Assumed" and "borrowed" are honest sources; a blank is not.
The terms of ties are in terms.py: they are what is compared, these are what is held equal.
"""

from __future__ import annotations

from agents.declared import ASSUMED, BORROWED, MEASURED, Grid, Numbers, parameter
from agents.tables import NEEDS

SPILLOVER = (
    # health care housing money work family: what raises the need named by the row
    0.000, 0.004, 0.008, 0.012, 0.004, 0.002,  # health
    0.008, 0.000, 0.002, 0.002, 0.000, 0.002,  # care
    0.002, 0.000, 0.000, 0.006, 0.002, 0.002,  # housing
    0.002, 0.002, 0.004, 0.000, 0.006, 0.002,  # money
    0.004, 0.002, 0.004, 0.002, 0.000, 0.002,  # work
    0.002, 0.010, 0.004, 0.004, 0.002, 0.000,  # family
)  # fmt: skip


class Parameters:
    """The numbers of one town. A rule reads them as `town.parameters.name`."""

    # ---- needs of residents -------------------------------------------------------------------------
    inflow: float = parameter(
        0.026, low=0, high=1, unit="chance a month, each need",
        meaning="Chance that a resident of average frailty meets a new need.",
        source="tuned so that about a quarter of adults have two or more needs in bad years", grade=ASSUMED,
    )  # fmt: skip
    inflow_mix: Numbers = parameter(
        (1.6, 1.0, 0.8, 1.0, 0.8, 0.8), low=0, high=10, shape=NEEDS, unit="multiple",
        meaning="How common new needs of each kind are, against the average.",
        source="assumed; health commonest", grade=ASSUMED,
    )  # fmt: skip
    blow: float = parameter(
        0.6, low=0, high=1, unit="severity",
        meaning="Average severity of a new need.", source="assumed", grade=ASSUMED,
    )  # fmt: skip
    blow_spread: float = parameter(
        0.25, low=0, high=0.5, unit="severity",
        meaning="New needs lie this far on either side of the average.", source="assumed", grade=ASSUMED,
    )  # fmt: skip
    recovery: float = parameter(
        0.025, low=0, high=1, unit="share a month",
        meaning="Share of a need that passes by itself.", source="assumed", grade=ASSUMED,
    )  # fmt: skip
    spillover: Grid = parameter(
        SPILLOVER, low=0, high=1, shape=(NEEDS, NEEDS), unit="severity per severity a month",
        meaning="How a need raises another: row is the need raised, column the need it comes from.",
        source="direction from Level Measures principle 2; sizes assumed", grade=ASSUMED,
    )  # fmt: skip
    escalation: float = parameter(
        1.0, low=0, high=3, unit="exponent",
        meaning="New needs are exp(escalation × unmet need) times likelier while a need goes unmet.",
        source="CareSim, Gostoli & Silverman 2019", grade=BORROWED,
    )  # fmt: skip
    deprivation_effect: float = parameter(
        1.0, low=0, high=4, unit="multiple per unit of deprivation",
        meaning="How much commoner new needs are in a deprived neighbourhood.", source="assumed", grade=ASSUMED,
    )  # fmt: skip
    age_scale: float = parameter(
        18.0, low=5, high=100, unit="years",
        meaning="Health and care needs grow as exp(age / scale).",
        source="Linked Lives, Silverman: 18 for men, 19 for women", grade=BORROWED,
    )  # fmt: skip
    ageing: float = parameter(
        0.0, low=0, high=2, unit="years a year",
        meaning="How much older the town grows each year; health and care needs grow with it.",
        source="people of 85 and over grow by 2.4% a year, which is 0.43 here: ONS; 0 for none",
        grade=BORROWED,
    )  # fmt: skip
    frailty_spread: float = parameter(
        1.2, low=0, high=2, unit="standard deviation of the logarithm",
        meaning="How unevenly needs fall: a few residents meet many.",
        source="Hard Edges: .5% of adults carry two of three severe disadvantages", grade=ASSUMED,
    )  # fmt: skip
    hardship: float = parameter(
        0.06, low=0, high=1, unit="severity a month per unit of real cost rise",
        meaning="How fast dearer living, not covered by income or slack, raises the need for money help.",
        source="assumed; food parcels +37% in 2022/23 (Trussell)", grade=ASSUMED,
    )  # fmt: skip
    income_follows_wages: float = parameter(
        0.7, low=0, high=1.5, unit="share of wage rises",
        meaning="How far household income follows wages.", source="assumed", grade=ASSUMED,
    )  # fmt: skip

    # ---- neighbours ---------------------------------------------------------------------------------
    kith_help: float = parameter(
        0.03, low=0, high=1, unit="share of a need a month",
        meaning="Share of the worst need that kith without needs of their own take off, where all help one another.",
        source="95% have people who would be there for them: Community Life Survey 2021/22; size assumed",
        grade=ASSUMED,
    )  # fmt: skip

    # ---- asking for help ----------------------------------------------------------------------------
    tolerance: float = parameter(
        0.3, low=0, high=1, unit="severity",
        meaning="A need below this is lived with.", source="assumed", grade=ASSUMED,
    )  # fmt: skip
    asking: float = parameter(
        0.5, low=0, high=1, unit="chance a month",
        meaning="Chance of asking for help without any trust in the service; full trust makes it certain.",
        source="assumed", grade=ASSUMED,
    )  # fmt: skip
    giving_up: float = parameter(
        0.06, low=0, high=1, unit="chance a month",
        meaning="Chance that someone still waiting and without trust gives up; full trust makes it nothing.",
        source="referral drop-off 20-40%, recalled", grade=ASSUMED,
    )  # fmt: skip
    agency: int = parameter(
        1, low=0, high=1, unit="switch", choices=("passive", "active"),
        meaning="Whether residents choose, give up, stay away and complain, or take what they are given.",
        source="a switch: what residents' own part changes", grade=ASSUMED,
    )  # fmt: skip
    choosing: float = parameter(
        0.5, low=0, high=1, unit="chance",
        meaning="Chance that someone without trust, whom help has failed, asks for somebody else.",
        source="assumed", grade=ASSUMED,
    )  # fmt: skip
    complaining: float = parameter(
        0.1, low=0, high=1, unit="chance",
        meaning="Chance that someone whom help has failed complains.",
        source="assumed", grade=ASSUMED,
    )  # fmt: skip
    complaint_time: float = parameter(
        0.2, low=0, high=5, unit="places",
        meaning="Time a complaint takes to answer, in places.",
        source="assumed", grade=ASSUMED,
    )  # fmt: skip
    complaint_light: float = parameter(
        0.05, low=0, high=1, unit="chance",
        meaning="Chance that skimping comes to light through one complaint.",
        source="assumed", grade=ASSUMED,
    )  # fmt: skip
    queue_order: int = parameter(
        0, low=0, high=2, unit="order", choices=("worst_first", "first_come", "most_needs_first"),
        meaning="Who is helped first when places are short.", source="a policy choice", grade=ASSUMED,
    )  # fmt: skip
    place_split: int = parameter(
        0, low=0, high=3, unit="rule", choices=("town_wide", "per_head", "by_need", "to_deprivation"),
        meaning="How a service's places are split among neighbourhoods before anyone is helped.",
        source="a policy choice", grade=ASSUMED,
    )  # fmt: skip
    resident_trust_gain: float = parameter(
        0.05, low=0, high=1, unit="share of the gap to full trust",
        meaning="How much help that works raises a resident's trust.", source="assumed", grade=ASSUMED,
    )  # fmt: skip
    resident_trust_loss: float = parameter(
        0.08, low=0, high=1, unit="share of trust",
        meaning="How much failed help, or a month's wait, lowers it.",
        source="losses weigh more: Slovic 1993, contested", grade=ASSUMED,
    )  # fmt: skip

    # ---- help ---------------------------------------------------------------------------------------
    capacity: float = parameter(
        0.0537, low=0.0001, high=10, unit="places a month per resident and need",
        meaning="Places the town is staffed and funded for.",
        source="tuned to use of .80-.95 before the shock", grade=ASSUMED,
    )  # fmt: skip
    capacity_mix: Numbers = parameter(
        (1.58, 1.60, 0.68, 0.80, 0.67, 0.67), low=0, high=10, shape=NEEDS, unit="multiple",
        meaning="Places for each need, against the average.",
        source="tuned with capacity", grade=ASSUMED,
    )  # fmt: skip
    share_bought: float = parameter(
        0.5, low=0, high=1, unit="share of places",
        meaning="Places that services buy from partners rather than give themselves.",
        source="assumed; most adult social care is bought", grade=ASSUMED,
    )  # fmt: skip
    places_per_worker: float = parameter(
        8.0, low=0.1, high=100, unit="places a month",
        meaning="Cases one worker helps in a month, before anything takes time away.",
        source="key-worker caseloads 5-30, recalled", grade=ASSUMED,
    )  # fmt: skip
    usable_time: float = parameter(
        0.82, low=0.1, high=1, unit="share of staff time",
        meaning="Share of working time that places are planned on; the rest allows for vacancies, burnout and ties.",
        source="assumed; the same under every governance", grade=ASSUMED,
    )  # fmt: skip
    rooted_reach: float = parameter(
        0.5, low=0.01, high=1, unit="multiple",
        meaning="How much less readily places of a partner rooted in one neighbourhood go to others; 1 for no less.",
        source="assumed", grade=ASSUMED,
    )  # fmt: skip
    relief: float = parameter(
        0.75, low=0, high=1, unit="share of the need",
        meaning="Share of a need that successful help takes away.", source="assumed", grade=ASSUMED,
    )  # fmt: skip
    practice_effect: float = parameter(
        0.3, low=0, high=1, unit="share of success",
        meaning="Share of success that hangs on good practice.", source="assumed", grade=ASSUMED,
    )  # fmt: skip
    practice_saving: float = parameter(
        0.1, low=0, high=1, unit="share of cost",
        meaning="Share of cost that good practice saves.", source="assumed", grade=ASSUMED,
    )  # fmt: skip
    technology_start: float = parameter(
        0.2, low=0, high=1, unit="share of organisations",
        meaning="Organisations that have the new technology at the start.",
        source="assumed", grade=ASSUMED,
    )  # fmt: skip
    technology_speed: float = parameter(
        0.05, low=0, high=1, unit="share of places",
        meaning="How many more places the same staff can give with it.",
        source="assumed", grade=ASSUMED,
    )  # fmt: skip
    technology_cost: float = parameter(
        0.02, low=0, high=1, unit="share of cost",
        meaning="What it adds to the cost of a place.",
        source="assumed", grade=ASSUMED,
    )  # fmt: skip
    technology_exclusion: float = parameter(
        0.3, low=0, high=1, unit="share of chance",
        meaning="How much less likely those who are not online are to ask at a front door that has it.",
        source="assumed; 5% of adults and 40% of the oldest are offline here", grade=ASSUMED,
    )  # fmt: skip
    handoff_effect: float = parameter(
        0.2, low=0, high=1, unit="share of success",
        meaning="Share of success lost when a resident's other needs sit with an organisation nothing is shared with.",
        source="joint working improves outcomes 6-15%: Rocks et al. 2020", grade=BORROWED,
    )  # fmt: skip
    outside_scope: float = parameter(
        0.5, low=0, high=1, unit="share",
        meaning="How well a worker treats a need outside the specification, against the right service.",
        source="assumed", grade=ASSUMED,
    )  # fmt: skip
    flexibility_time: float = parameter(
        0.1, low=0, high=1, unit="share of places",
        meaning="Places lost when workers always treat other needs too.",
        source="assumed: a third of cases have another need, which takes a third as long again", grade=ASSUMED,
    )  # fmt: skip

    # ---- prevention ---------------------------------------------------------------------------------
    prevention_share: float = parameter(
        0.05, low=0, high=0.5, unit="share of staff time",
        meaning="Time a service spends upstream when all that is saved lands on its own budget and it is not pressed.",
        source="early help fell by half in a decade: Parliament, written evidence 2019; size assumed", grade=ASSUMED,
    )  # fmt: skip
    prevention_effect: float = parameter(
        1.6, low=0, high=10, unit="exponent per share of time",
        meaning="New needs are exp(−effect × time spent upstream) times as likely.",
        source="assumed: 5% of time spares 8% of needs; prevention costs a seventh of a crisis, Pleace 2015",
        grade=ASSUMED,
    )  # fmt: skip
    prevention_lag: float = parameter(
        18.0, low=1, high=120, unit="months",
        meaning="How long prevention takes to work, and to wear off.",
        source="benefits of joint working come after a year: Rocks et al. 2020", grade=ASSUMED,
    )  # fmt: skip
    prevention_squeeze: float = parameter(
        1.0, low=0, high=10, unit="share per unit of overload",
        meaning="How fast work above capacity squeezes prevention out.",
        source="prevention is cut first: Parliament, written evidence 2019; size assumed", grade=ASSUMED,
    )  # fmt: skip

    # ---- crises -------------------------------------------------------------------------------------
    crisis_level: float = parameter(
        0.85, low=0, high=1, unit="severity",
        meaning="A need at or above this may end in a crisis.", source="assumed", grade=ASSUMED,
    )  # fmt: skip
    crisis_chance: float = parameter(
        0.25, low=0, high=1, unit="chance a month",
        meaning="Chance of a crisis while a need is that bad and nobody has helped.", source="assumed", grade=ASSUMED,
    )  # fmt: skip
    crisis_relief: float = parameter(
        0.3, low=0, high=1, unit="share of the need",
        meaning="Share of the need that a crisis response takes away.", source="assumed", grade=ASSUMED,
    )  # fmt: skip
    crisis_cost: float = parameter(
        7000.0, low=0, high=100000, unit="£ per crisis",
        meaning="What a crisis costs public bodies.",
        source="seven and a half times the cost of prevention: Pleace 2015, vignette", grade=BORROWED,
    )  # fmt: skip
    crises_paid_by_health: float = parameter(
        0.4, low=0, high=1, unit="share",
        meaning="Share of the cost of crises that the health service pays; other public bodies pay the rest.",
        source="assumed; wrong pockets: Pleace 2015", grade=ASSUMED,
    )  # fmt: skip
    crisis_allowance: float = parameter(
        40.0, low=0, high=1000, unit="£ a month per resident",
        meaning="What all crises are expected to cost; the health service is given its share of it at the start.",
        source="tuned to what crises cost in calm months", grade=ASSUMED,
    )  # fmt: skip

    # ---- wellbeing ----------------------------------------------------------------------------------
    best_wellbeing: float = parameter(
        8.0, low=0, high=10, unit="0-10",
        meaning="Average wellbeing of people without needs and with average slack.",
        source="UK mean 7.5: ONS 2021-23", grade=BORROWED,
    )  # fmt: skip
    wellbeing_slack: float = parameter(
        0.8, low=0, high=5, unit="points per unit of slack",
        meaning="How much income slack matters to wellbeing.", source="assumed", grade=ASSUMED,
    )  # fmt: skip
    wellbeing_need: float = parameter(
        3.5, low=0, high=10, unit="points per unit of severity",
        meaning="How much the worst need takes from wellbeing; other needs take half as much.",
        source="steep gradient by health: ONS", grade=BORROWED,
    )  # fmt: skip
    wellbeing_crisis: float = parameter(
        1.5, low=0, high=10, unit="points",
        meaning="What a crisis takes from wellbeing in its month.", source="assumed", grade=ASSUMED,
    )  # fmt: skip
    wellbeing_cost: float = parameter(
        1.0, low=0, high=10, unit="points per unit of real cost rise",
        meaning="How much dearer living, not covered by income or slack, takes from wellbeing.",
        source="life satisfaction -0.09 in 2022/23: ONS", grade=BORROWED,
    )  # fmt: skip

    # ---- costs --------------------------------------------------------------------------------------
    organisation_energy_multiple: float = parameter(
        1.5, low=1, high=4, unit="multiple of the household rise",
        meaning="How much more of an energy price rise organisations meet: they had no price cap.",
        source="LGA/ukactive: gas x4.7, electricity x2.1 at renewal", grade=BORROWED,
    )  # fmt: skip
    energy_contract: int = parameter(
        1, low=0, high=1, unit="switch", choices=("follows_market", "renews_yearly"),
        meaning="Whether organisations fix their energy price for a year at a time.",
        source="fixed-term tariffs are usual; a year is assumed", grade=ASSUMED,
    )  # fmt: skip
    base_cost: float = parameter(
        900.0, low=1, high=100000, unit="£ per place",
        meaning="Average cost of helping one person with one need for a month.", source="assumed", grade=ASSUMED,
    )  # fmt: skip
    margin: float = parameter(
        0.04, low=0, high=0.5, unit="share of cost",
        meaning="What a partner asks above its cost.", source="assumed; thin margins reported", grade=ASSUMED,
    )  # fmt: skip
    complacency: float = parameter(
        0.0002, low=0, high=0.01, unit="share a month",
        meaning="How fast cost creeps up while an agreement goes untendered.",
        source="savings erode without competition: Bel, Fageda & Warner 2010; size assumed", grade=ASSUMED,
    )  # fmt: skip

    # ---- prices and promises ------------------------------------------------------------------------
    patience: float = parameter(
        0.97, low=0, high=0.999, unit="weight of next month against this",
        meaning="How much organisations care about the future of a tie.", source="assumed", grade=ASSUMED,
    )  # fmt: skip
    padding: float = parameter(
        0.1, low=0, high=1, unit="share of cost",
        meaning="How far an opportunist pads declared cost when nothing is shared.", source="assumed", grade=ASSUMED,
    )  # fmt: skip
    buyer_surplus: float = parameter(
        0.05, low=0, high=1, unit="share of price a month",
        meaning="What keeping this seller is worth to the buyer.",
        source="relationships worth at least 7% of turnover: Macchiavello & Morjaria 2009", grade=BORROWED,
    )  # fmt: skip
    argument: float = parameter(
        0.15, low=0, high=2, unit="effort lost per doubling of the asked price",
        meaning="Effort lost to arguing over a fully open price that has ranged to twice its lowest.",
        source="Hart & Moore 2008; Fehr, Hart & Zehnder 2011", grade=BORROWED,
    )  # fmt: skip
    grievance: float = parameter(
        0.15, low=0, high=2, unit="effort lost per unit of loss",
        meaning="Effort lost when the price is below cost, for each unit of price.",
        source="a rigid price far from cost causes grievance; assumed equal to argument", grade=ASSUMED,
    )  # fmt: skip
    dispute_range: float = parameter(
        0.15, low=0, high=5, unit="share of price",
        meaning="The two are in dispute when price asked and price paid are this far apart.",
        source="assumed", grade=ASSUMED,
    )  # fmt: skip

    # ---- effort -------------------------------------------------------------------------------------
    verifiable: float = parameter(
        0.5, low=0, high=1, unit="share of the work",
        meaning="What an audit can verify.", source="assumed", grade=ASSUMED,
    )  # fmt: skip
    audit: int = parameter(
        0, low=0, high=2, unit="mode", choices=("nothing", "outputs", "outcomes"),
        meaning="What the tier above audits: it changes what can be verified, and what is gamed.",
        source="a policy choice; targets and gaming: Propper et al. 2008", grade=ASSUMED,
    )  # fmt: skip
    audit_reach: float = parameter(
        0.3, low=0, high=1, unit="share",
        meaning="Share of what nobody could verify that outcome audits bring to light; output targets hide as much.",
        source="assumed", grade=ASSUMED,
    )  # fmt: skip
    audit_time: float = parameter(
        0.01, low=0, high=0.2, unit="share of staff time",
        meaning="Staff time an audit takes from everyone audited.",
        source="assumed", grade=ASSUMED,
    )  # fmt: skip
    gaming: float = parameter(
        0.1, low=0, high=1, unit="share",
        meaning="How far an opportunist shifts effort to what is counted.",
        source="outcome pay delivers the measure paid for: Tomkinson 2016; size assumed", grade=ASSUMED,
    )  # fmt: skip
    skimping_gain: float = parameter(
        0.12, low=0, high=1, unit="share of cost",
        meaning="Cost saved by skimping on all of the work.", source="assumed", grade=ASSUMED,
    )  # fmt: skip
    skimping_harm: float = parameter(
        0.2, low=0, high=1, unit="share of effort",
        meaning="Effort that residents lose when all of the work is skimped on.", source="assumed", grade=ASSUMED,
    )  # fmt: skip
    free_riders: float = parameter(
        0.33, low=0, high=1, unit="share of partners",
        meaning="Partners out for their own gain; the rest co-operate on conditions.",
        source="Fischbacher, Gächter & Fehr 2001", grade=MEASURED,
    )  # fmt: skip
    desperation: float = parameter(
        1.0, low=0, high=10, unit="opportunism per unit of loss",
        meaning="How much more opportunist a partner gets when its price is below its cost.",
        source="assumed", grade=ASSUMED,
    )  # fmt: skip
    detection: float = parameter(
        0.05, low=0, high=1, unit="chance a month",
        meaning="Chance that skimping outside the checks comes to light when nothing is shared.",
        source="assumed", grade=ASSUMED,
    )  # fmt: skip
    detection_by_sharing: float = parameter(
        0.2, low=0, high=1, unit="chance a month",
        meaning="Further chance when everything is shared.", source="assumed", grade=ASSUMED,
    )  # fmt: skip
    chill: float = parameter(
        0.03, low=0, high=1, unit="share of effort",
        meaning="Effort that full monitoring takes from partners who would have worked anyway.",
        source="Falk & Kosfeld 2006; Deci, Koestner & Ryan 1999, d -.28", grade=BORROWED,
    )  # fmt: skip

    # ---- what ties cost -----------------------------------------------------------------------------
    monitoring_cost: float = parameter(
        0.03, low=0, high=0.3, unit="share of value",
        meaning="What full monitoring costs the buyer.", source="3-20% of value, recalled", grade=ASSUMED,
    )  # fmt: skip
    reporting_time: float = parameter(
        0.03, low=0, high=0.5, unit="share of staff time",
        meaning="Staff time that full monitoring takes from the seller.", source="assumed", grade=ASSUMED,
    )  # fmt: skip
    sharing_time: float = parameter(
        0.01, low=0, high=0.2, unit="share of staff time",
        meaning="Staff time that full sharing takes from each side of each tie.", source="assumed", grade=ASSUMED,
    )  # fmt: skip
    sharing_lag: float = parameter(
        12.0, low=1, high=120, unit="months",
        meaning="How long it takes until what is shared is of use; 1 for at once.",
        source="joint working pays after a year: Rocks et al. 2020", grade=BORROWED,
    )  # fmt: skip
    sharing_cost: float = parameter(
        100.0, low=0, high=10000, unit="£ a month per agreement",
        meaning="Fixed cost of full sharing, met by the buyer.", source="assumed", grade=ASSUMED,
    )  # fmt: skip
    drafting_cost: float = parameter(
        0.01, low=0, high=0.1, unit="share of annual value",
        meaning="Cost of drafting fully enforceable terms at each signing.",
        source="part of 2.7%: Petersen et al. 2019", grade=BORROWED,
    )  # fmt: skip

    # ---- books --------------------------------------------------------------------------------------
    outside_income_spread: float = parameter(
        0.10, low=0, high=2, unit="share of monthly cost",
        meaning="How much a partner's fortunes outside the town vary from month to month.",
        source="tuned to about 2% of partners closing a year", grade=ASSUMED,
    )  # fmt: skip
    reserves_median: float = parameter(
        3.0, low=0, high=36, unit="months of cost",
        meaning="Reserves of the middling partner at the start.", source="assumed from NCVO", grade=ASSUMED,
    )  # fmt: skip
    reserves_spread: float = parameter(
        0.9, low=0, high=2, unit="standard deviation of the logarithm",
        meaning="How unequal partners' reserves are.", source="assumed from NCVO", grade=ASSUMED,
    )  # fmt: skip
    charities_without_reserves: float = parameter(
        0.33, low=0, high=1, unit="share of third-sector partners",
        meaning="Charities that start with about two weeks of reserves.", source="a third: NCVO", grade=BORROWED,
    )  # fmt: skip
    payout: float = parameter(
        0.1, low=0, high=1, unit="share a month",
        meaning="Share of reserves above a partner's liking that it pays out.", source="assumed", grade=ASSUMED,
    )  # fmt: skip
    cutting_reserves: float = parameter(
        1.0, low=0, high=12, unit="months of cost",
        meaning="A partner losing money with less than this cuts the volume it offers.",
        source="order of responses: NCVO 2024", grade=BORROWED,
    )  # fmt: skip
    cutting_step: float = parameter(
        0.1, low=0, high=1, unit="share of agreed volume a month",
        meaning="How fast it cuts, and how fast it restores.", source="assumed", grade=ASSUMED,
    )  # fmt: skip
    cutting_limit: float = parameter(
        0.4, low=0, high=1, unit="share of agreed volume",
        meaning="The most it withholds.", source="assumed", grade=ASSUMED,
    )  # fmt: skip
    hand_back_reserves: float = parameter(
        0.4, low=0, high=12, unit="months of cost",
        meaning="A partner losing money with no more than this hands back its worst agreement.",
        source="hand-backs are commoner than closures: ADASS", grade=BORROWED,
    )  # fmt: skip
    hand_back_loss: float = parameter(
        0.03, low=0, high=1, unit="share of price",
        meaning="It hands an agreement back only if that loses more than this.", source="assumed", grade=ASSUMED,
    )  # fmt: skip
    funder_reserves: float = parameter(
        2.0, low=0, high=36, unit="months of budget",
        meaning="Reserves of the council and the health service at the start.", source="assumed", grade=ASSUMED,
    )  # fmt: skip
    reserve_draw: float = parameter(
        0.05, low=0, high=1, unit="share of reserves a month",
        meaning="The most a funder releases to services that run short.", source="assumed", grade=ASSUMED,
    )  # fmt: skip
    settlement_years: int = parameter(
        1, low=1, high=10, unit="years",
        meaning="Years that one settlement of budgets covers; the growth of all of them is told at its start.",
        source="one year is usual; five asked for by Level Measures, principle 1", grade=BORROWED,
    )  # fmt: skip
    funding_doubt: float = parameter(
        0.1, low=0, high=1, unit="share",
        meaning="How much less a renewal is believed in when the buyer's money is settled a year at a time.",
        source="assumed", grade=ASSUMED,
    )  # fmt: skip
    pooled_budgets: int = parameter(
        0, low=0, high=1, unit="switch", choices=("separate", "pooled"),
        meaning="Whether the two funders hold one purse, and count savings wherever they land.",
        source="whole-place budgets: Level Measures", grade=ASSUMED,
    )  # fmt: skip
    emergency_reserves: float = parameter(
        0.1, low=0, high=12, unit="months of budget",
        meaning="Reserves under which a funder puts spending under emergency control; 0 for never.",
        source="section 114 notices: Institute for Government; threshold assumed", grade=ASSUMED,
    )  # fmt: skip
    emergency_end: float = parameter(
        0.5, low=0, high=12, unit="months of budget",
        meaning="Reserves at which it lifts the control, and never below those at which it begins.",
        source="assumed", grade=ASSUMED,
    )  # fmt: skip
    emergency_saving: float = parameter(
        0.04, low=0, high=1, unit="share of budget",
        meaning="What services give back to their funder under emergency control.",
        source="assumed", grade=ASSUMED,
    )  # fmt: skip
    audit_burden: float = parameter(
        0.02, low=0, high=0.2, unit="share of staff time",
        meaning="Time services spend on reporting to the tier above when it has no trust in their funder.",
        source="assumed", grade=ASSUMED,
    )  # fmt: skip
    headroom: float = parameter(
        0.02, low=-0.5, high=1, unit="share of budget",
        meaning="Budget above the cost of all places and ties at the start.", source="assumed", grade=ASSUMED,
    )  # fmt: skip
    planned_use: float = parameter(
        0.88, low=0, high=1.5, unit="share of agreed places",
        meaning="Share of agreed places that services budget to buy.",
        source="use of .80-.95 before the shock", grade=ASSUMED,
    )  # fmt: skip
    tie_allowance: float = parameter(
        0.03, low=0, high=0.3, unit="share of purchases",
        meaning="Money budgeted for checking, drafting and letting; the same under every governance.",
        source="2.7% and more: Petersen et al. 2019", grade=BORROWED,
    )  # fmt: skip

    # ---- staff --------------------------------------------------------------------------------------
    leaving: float = parameter(
        0.024, low=0, high=1, unit="chance a month",
        meaning="Chance that a worker who is not burnt out leaves.",
        source="29% a year at the peak: Skills for Care", grade=MEASURED,
    )  # fmt: skip
    leaving_burnt_out: float = parameter(
        0.03, low=0, high=1, unit="chance a month",
        meaning="Further chance for one who is.", source="assumed", grade=ASSUMED,
    )  # fmt: skip
    leaving_for_pay: float = parameter(
        0.1, low=0, high=5, unit="chance a month per share of cost not met",
        meaning="How much likelier workers leave an employer whose prices or budget lag behind its costs.",
        source="turnover is lower where pay is higher: Skills for Care; size assumed", grade=ASSUMED,
    )  # fmt: skip
    filling: float = parameter(
        0.3, low=0, high=1, unit="chance a month",
        meaning="Chance that a vacancy is filled.",
        source="10% vacancies at the peak: Skills for Care", grade=MEASURED,
    )  # fmt: skip
    burning: float = parameter(
        0.05, low=0, high=1, unit="chance a month per unit of overload",
        meaning="Chance that a worker burns out, for each unit of work above target.", source="assumed", grade=ASSUMED,
    )  # fmt: skip
    mending: float = parameter(
        0.1, low=0, high=1, unit="chance a month",
        meaning="Chance that a burnt-out worker recovers.", source="assumed", grade=ASSUMED,
    )  # fmt: skip
    target_load: float = parameter(
        0.85, low=0, high=5, unit="ratio",
        meaning="Work above this share of capacity wears staff down.", source="assumed", grade=ASSUMED,
    )  # fmt: skip
    burnout_loss: float = parameter(
        0.4, low=0, high=1, unit="share of places",
        meaning="Places lost when all staff are burnt out.", source="assumed", grade=ASSUMED,
    )  # fmt: skip
    stretch: float = parameter(
        0.05, low=0, high=0.5, unit="share of places",
        meaning="The most that staff give beyond their paid time when more is asked.", source="assumed", grade=ASSUMED,
    )  # fmt: skip
    practice_leaving: float = parameter(
        0.3, low=0, high=1, unit="share",
        meaning="Share of a leaver's practice that leaves with them.", source="assumed", grade=ASSUMED,
    )  # fmt: skip
    practice_from_others: float = parameter(
        0.1, low=0, high=1, unit="share of the lead a month",
        meaning="How fast practice is learnt from tied organisations that are ahead, when everything is shared.",
        source="assumed", grade=ASSUMED,
    )  # fmt: skip
    practice_forgetting: float = parameter(
        0.0, low=0, high=1, unit="share a month",
        meaning="How fast practice is forgotten.",
        source="assumed; what leavers take is counted apart", grade=ASSUMED,
    )  # fmt: skip
    innovation: float = parameter(
        0.003, low=0, high=1, unit="chance a month",
        meaning="Chance of taking up the technology without hearing of it.",
        source="Bass 1969, .03 a year", grade=BORROWED,
    )  # fmt: skip
    imitation: float = parameter(
        0.04, low=0, high=1, unit="chance a month",
        meaning="Further chance when every tie tells of it and carries all.",
        source="Bass 1969, .38 a year", grade=BORROWED,
    )  # fmt: skip
    technology_loss: float = parameter(
        0.002, low=0, high=1, unit="chance a month",
        meaning="Chance of dropping the technology.",
        source="assumed", grade=ASSUMED,
    )  # fmt: skip
    contagion: int = parameter(
        0, low=0, high=1, unit="rule", choices=("simple", "complex"),
        meaning="Whether practice and technology spread with what is heard, or once enough others lead.",
        source="both are found: Centola & Macy 2007", grade=ASSUMED,
    )  # fmt: skip
    learning_threshold: int = parameter(
        2, low=0, high=100, unit="ties",
        meaning="How many ties must lead before an organisation follows, in complex contagion.",
        source="Centola & Macy 2007", grade=BORROWED,
    )  # fmt: skip
    practice_learning: float = parameter(
        0.015, low=0, high=1, unit="share of the gap a month",
        meaning="How fast those who stay learn by doing.", source="assumed", grade=ASSUMED,
    )  # fmt: skip
    trust_leaving: float = parameter(
        0.3, low=0, high=1, unit="share",
        meaning="Share of a leaver's part in a tie's trust that leaves with them.", source="assumed", grade=ASSUMED,
    )  # fmt: skip

    # ---- mutual aid ---------------------------------------------------------------------------------
    need_for_aid: float = parameter(
        0.05, low=0, high=1, unit="chance a month",
        meaning="How likely a partner thinks it will need help back.", source="assumed", grade=ASSUMED,
    )  # fmt: skip

    # ---- the broker ---------------------------------------------------------------------------------
    broker_opens: int = parameter(
        0, low=0, high=1200, unit="month",
        meaning="Month from which a broker holds organisations together; 0 for never.",
        source="placemaking boards: Level Measures", grade=ASSUMED,
    )  # fmt: skip
    broker_closes: int = parameter(
        0, low=0, high=1200, unit="month",
        meaning="Month at which the broker is lost; 0 for never.",
        source="a question to ask", grade=ASSUMED,
    )  # fmt: skip
    broker_sharing: float = parameter(
        0.6, low=0, high=1, unit="share",
        meaning="Information organisations share with the broker, and through it with each other.",
        source="assumed", grade=ASSUMED,
    )  # fmt: skip
    broker_time: float = parameter(
        0.01, low=0, high=0.2, unit="share of staff time",
        meaning="Time the broker takes from every organisation.",
        source="assumed", grade=ASSUMED,
    )  # fmt: skip
    broker_cost: float = parameter(
        1.5, low=0, high=100, unit="£ a month per resident",
        meaning="What the broker costs the council.",
        source="assumed", grade=ASSUMED,
    )  # fmt: skip

    # ---- trust between organisations ----------------------------------------------------------------
    first_trust: float = parameter(
        0.5, low=0, high=1, unit="0-1",
        meaning="Trust when two start to work together.", source="assumed", grade=ASSUMED,
    )  # fmt: skip
    trust_gain: float = parameter(
        0.04, low=0, high=1, unit="share of the gap to full trust",
        meaning="How much a good month raises trust between two who meet all they can.",
        source="trust grows slowly with duration: Vanneste et al. 2014", grade=ASSUMED,
    )  # fmt: skip
    trust_loss: float = parameter(
        0.2, low=0, high=1, unit="share of trust",
        meaning="How much a broken promise lowers it.",
        source="asymmetry contested: Poortinga & Pidgeon 2004", grade=ASSUMED,
    )  # fmt: skip
    trust_drift: float = parameter(
        0.01, low=0, high=1, unit="share of the gap a month",
        meaning="How fast trust drifts back to where it started.", source="assumed", grade=ASSUMED,
    )  # fmt: skip
    trust_rule: int = parameter(
        0, low=0, high=3, unit="rule", choices=("asymmetric", "averaging", "ratchet", "beta"),
        meaning="How kept and broken promises move trust.",
        source="asymmetric: Slovic 1993; ratchet: Kim 2009; averaging and beta are textbook rules",
        grade=ASSUMED,
    )  # fmt: skip
    trust_prior: float = parameter(
        24.0, low=0, high=1000, unit="months",
        meaning="How many months of experience first trust is worth, where trust counts promises (beta).",
        source="assumed", grade=ASSUMED,
    )  # fmt: skip
    threat_rigidity: float = parameter(
        0.0, low=-1, high=1, unit="share",
        meaning="How far organisations under stress turn inward, or outward where below 0.",
        source="both signs are argued: Staw, Sandelands & Dutton 1981; Kelman", grade=ASSUMED,
    )  # fmt: skip
    meeting_scale: float = parameter(
        0.01, low=0.0001, high=1, unit="share of staff time",
        meaning="Relationship time at which meetings do about two thirds of what they can for trust.",
        source="assumed", grade=ASSUMED,
    )  # fmt: skip

    # ---- renewal and tender -------------------------------------------------------------------------
    adequate_trust: float = parameter(
        0.5, low=0, high=1, unit="0-1",
        meaning="A buyer renews without tender only when it trusts the seller this much.",
        source="assumed", grade=ASSUMED,
    )  # fmt: skip
    lowball: float = parameter(
        0.05, low=0, high=0.5, unit="share of the bid",
        meaning="How far an opportunist bids below what it will cost.", source="assumed", grade=ASSUMED,
    )  # fmt: skip
    price_weight: float = parameter(
        0.5, low=0, high=1, unit="share of the score",
        meaning="Weight of price against quality in a tender.", source="assumed", grade=ASSUMED,
    )  # fmt: skip
    quality_noise: float = parameter(
        0.1, low=0, high=1, unit="standard deviation",
        meaning="How wrong a tender's view of quality is.", source="assumed", grade=ASSUMED,
    )  # fmt: skip
    slow_months: int = parameter(
        3, low=0, high=24, unit="months",
        meaning="Months of slower work after an agreement changes hands.", source="assumed", grade=ASSUMED,
    )  # fmt: skip
    slow_loss: float = parameter(
        0.3, low=0, high=1, unit="share of places",
        meaning="Places lost in such a month.", source="assumed", grade=ASSUMED,
    )  # fmt: skip
    letting_gap: int = parameter(
        4, low=0, high=36, unit="months",
        meaning="Months before a lost agreement can be let again.", source="assumed", grade=ASSUMED,
    )  # fmt: skip
    entry: float = parameter(
        0.02, low=0, high=1, unit="chance a month",
        meaning="Chance that a newcomer takes the place of a partner that has closed.",
        source="123 care homes opened for 247 that closed in 2022; size assumed", grade=ASSUMED,
    )  # fmt: skip

    # ---- changing terms -----------------------------------------------------------------------------
    terms_change: int = parameter(
        0, low=0, high=2, unit="rule", choices=("never", "imitate_the_best", "average"),
        meaning="Whether organisations come to ask for other terms each April, and whose.",
        source="Nowak & May 1992; DeGroot 1974", grade=ASSUMED,
    )  # fmt: skip
    terms_spread: float = parameter(
        0.0, low=0, high=1, unit="share of the range",
        meaning="How far the terms organisations ask for differ at the start, by lot.",
        source="0 holds everyone to the governance given; 1 draws every dial over its range", grade=ASSUMED,
    )  # fmt: skip
    changing: float = parameter(
        0.5, low=0, high=1, unit="chance a year",
        meaning="Chance that an organisation takes on terms it would rather have.",
        source="assumed", grade=ASSUMED,
    )  # fmt: skip
    sellers_say: float = parameter(
        0.0, low=0, high=1, unit="share",
        meaning="How much of an agreement's terms the seller writes.",
        source="assumed", grade=ASSUMED,
    )  # fmt: skip
    changing_months: int = parameter(
        6, low=0, high=36, unit="months",
        meaning="Months of slower work after an agreement's terms change.",
        source="role change takes time: Level Measures; length assumed", grade=ASSUMED,
    )  # fmt: skip
    changing_cost: float = parameter(
        0.01, low=0, high=0.2, unit="share of annual value",
        meaning="What drawing up new terms costs the buyer.",
        source="part of 2.7%: Petersen et al. 2019", grade=BORROWED,
    )  # fmt: skip
