"""The twin month as a good user of Mesa would write it: agents with attributes, Mesa's random numbers, NetworkX.

It lives the same rules on the same people with luck of its own, so it agrees with the town on average and
not to the last bit. Rules that concern one resident alone share one pass through the agents, and what
never changes is worked out once: nothing here is made slow on purpose.
"""

from __future__ import annotations

import heapq
import math

import mesa
import networkx as nx

from agents.parameters import Parameters
from agents.tables import NEEDS, Component, Need, Town

NONE, WAITING, SERVED = range(3)


class Place(mesa.Agent):
    """A neighbourhood, counting the people in it."""

    def __init__(self, model: TwinModel, deprivation: float, social_capital: float) -> None:
        super().__init__(model)
        self.deprivation, self.social_capital = deprivation, social_capital
        self.clear()

    def clear(self) -> None:
        """Put last month's count away."""
        self.residents = self.waiting = self.waiting_long = self.asked = self.came_back = self.gave_up = 0
        self.crises = self.helped = self.resolved = self.moved = self.low_wellbeing = self.several_needs = 0
        self.complaints = 0
        self.wellbeing = self.need = self.unmet = 0.0


class Partner(mesa.Agent):
    """An organisation that sells places; its agreements are edges of the model's graph."""

    def __init__(self, model: TwinModel, quality: float, practice: float) -> None:
        super().__init__(model)
        self.quality, self.practice = quality, practice
        self.served = self.complaints = 0
        self.root: Place | None = None

    def reach(self, resident: Resident) -> float:
        """How readily its places go to a resident: fully, or less where it is rooted elsewhere."""
        return 1.0 if self.root is None or self.root is resident.here else self.model.parameters.rooted_reach


class Service(Partner):
    """The front door of one need."""

    def __init__(self, model: TwinModel, quality: float, practice: float, need: int, flexibility: float) -> None:
        super().__init__(model, quality, practice)
        self.need_served = need
        self.flexibility = flexibility
        self.posts = self.technology = 0.0
        self.spared = 1.0
        self.crises = 0
        self.places_left = 0.0
        self.queue: list[tuple[float, float, Resident]] = []

    def open_doors(self) -> None:
        """Open with an empty queue and the places of the founding."""
        parameters = self.model.parameters
        self.queue = []
        self.served = 0
        self.places_left = self.places_left % 1.0 + self.posts * parameters.places_per_worker * parameters.usable_time
        self.agreements = [
            (partner, tie) for partner in self.model.graph[self] for tie in self.model.graph[self][partner].values()
        ]
        for _, tie in self.agreements:
            tie["places_left"] = tie["places_left"] % 1.0 + tie["agreed"]

    def share_out_places(self) -> None:
        """Give places to the worst first, by lot among equals, until places or cases run out."""
        heapq.heapify(self.queue)
        while self.queue:
            resident = self.queue[0][2]
            giver, tie = self.choose_place(resident)
            if giver is None:
                break
            heapq.heappop(self.queue)
            giver.served += 1
            if tie is None:
                self.places_left -= 1.0
                resident.be_helped(self.need_served, self, 1.0, self.flexibility)
            else:
                tie["places_left"] -= 1.0
                resident.be_helped(self.need_served, giver, tie["effort"], tie["flexibility"])

    def choose_place(self, resident: Resident) -> tuple[Partner | None, dict[str, float] | None]:
        """Whoever helped before if they have a place, else drawn in proportion to places."""
        known = resident.provider[self.need_served]
        own = int(self.places_left)
        if known is self and own >= 1:
            return self, None
        total = weights = own
        for partner, tie in self.agreements:
            places = int(tie["places_left"])
            if places >= 1 and partner is known:
                return partner, tie
            total += places
            weights += places * partner.reach(resident)
        if total < 1:
            return None, None
        ticket = self.random.random() * weights - own
        if ticket < 0.0:
            return self, None
        for partner, tie in self.agreements:
            ticket -= int(tie["places_left"]) * partner.reach(resident)
            if ticket < 0.0:
                return partner, tie
        return None, None


class Resident(mesa.Agent):
    """A person who lives in the town."""

    def __init__(self, model: TwinModel, row: dict[str, object], here: Place) -> None:
        super().__init__(model)
        self.here = here
        self.age, self.slack, self.frailty = row["age"], row["slack"], row["frailty"]
        self.online = row["online"]
        self.kith: list[Resident] = []
        self.spare = 0.0
        self.energy_share, self.food_share = row["energy_share"], row["food_share"]
        self.need, self.trust = row["need"], row["trust"]
        self.remaining = [1.0] * NEEDS
        self.status = [NONE] * NEEDS
        self.waited = [0] * NEEDS
        self.provider: list[Partner | None] = [None] * NEEDS
        self.helper: list[Partner | None] = [None] * NEEDS
        self.squeeze = self.wellbeing = 0.0
        self.in_crisis = False
        self.contacts = self.returns = self.crises = 0

    def begin_month(self) -> None:
        """What concerns nobody else: living gets dearer, needs grow."""
        self.feel_the_squeeze()
        self.need_grows()

    def seek_help(self) -> None:
        """Kith help with the worst need, and help is asked for."""
        self.be_helped_by_kith()
        self.ask_for_help()

    def end_month(self) -> None:
        """Crises strike, help takes effect, and the month is felt and counted."""
        self.fall_into_crisis()
        self.take_stock()
        self.feel()
        self.be_counted()

    def feel_the_squeeze(self) -> None:
        """What a household's basket costs beyond its income and its slack."""
        model = self.model
        other = 1.0 - self.energy_share - self.food_share
        living = self.energy_share * model.household_energy + self.food_share * model.food + other * model.other
        income = 1.0 + model.parameters.income_follows_wages * (model.labour - 1.0)
        self.squeeze = max(0.0, living / max(0.01, income) - 1.0) * (1.0 - self.slack)

    def need_grows(self) -> None:
        """Needs pass, spill over, and new ones strike."""
        p = self.model.parameters
        exposure = p.inflow * self.model.demand * self.frailty
        exposure *= max(0.0, 1.0 + p.deprivation_effect * (self.here.deprivation - 0.5))
        pressure = [self.new_need(need, exposure) for need in range(NEEDS)]
        pressure[Need.MONEY] += p.hardship * self.squeeze
        for since, felt in enumerate(self.need):
            if felt > p.tolerance:
                for need in range(NEEDS):
                    pressure[need] += p.spillover[need][since] * felt
        kept = 1.0 - p.recovery
        self.need = [min(1.0, max(0.0, kept * need + more)) for need, more in zip(self.need, pressure, strict=True)]
        self.spare = max(0.0, 1.0 - max(self.need) / p.tolerance)

    def be_helped_by_kith(self) -> None:
        """Kith free of needs of their own take a little off the worst."""
        if self.spare > 0.0:
            return
        worst = self.need.index(max(self.need))
        given = sum(one.spare / len(one.kith) for one in self.kith)
        self.need[worst] *= 1.0 - min(1.0, self.model.parameters.kith_help * self.here.social_capital * given)

    def new_need(self, need: int, exposure: float) -> float:
        """The blow of a new need this month."""
        p = self.model.parameters
        likely = exposure * p.inflow_mix[need] * self.model.services[need].spared
        older = self.age + self.model.aged - 50.0
        if need == Need.CARE:
            likely *= math.exp(older / p.age_scale)
        elif need == Need.HEALTH:
            likely *= math.exp(0.5 * older / p.age_scale)
        if self.status[need] == WAITING:
            likely *= math.exp(p.escalation * self.need[need])
        if self.random.random() >= likely:
            return 0.0
        return p.blow + p.blow_spread * (2.0 * self.random.random() - 1.0)

    def ask_for_help(self) -> None:
        """A need above tolerance is taken to its front door."""
        p = self.model.parameters
        for need, status in enumerate(self.status):
            self.status[need] = NONE
            if self.need[need] <= p.tolerance:
                self.waited[need] = 0
                self.provider[need] = None
                continue
            trust = self.trust[need]
            if status == WAITING:
                if p.agency and self.random.random() < p.giving_up * (1.0 - trust):
                    self.waited[need] = 0
                    self.here.gave_up += 1
                    continue
                self.waited[need] += 1
            else:
                willing = p.asking + (1.0 - p.asking) * trust if p.agency else 1.0
                if not self.online:
                    willing *= 1.0 - p.technology_exclusion * self.model.services[need].technology
                if self.random.random() >= willing:
                    continue
                self.waited[need] = 0
                self.contacts += 1
                self.here.asked += 1
                if status == SERVED:
                    self.returns += 1
                    self.here.came_back += 1
                    if p.agency and self.random.random() < p.choosing * (1.0 - trust):
                        self.provider[need] = None
            self.status[need] = WAITING
            self.model.services[need].queue.append((-self.need[need], self.random.random(), self))

    def be_helped(self, need: int, giver: Partner, effort: float, flexibility: float) -> None:
        """Success = quality × effort × practice × hand-off; the worst other need may be treated too."""
        p = self.model.parameters
        works = giver.quality * effort * (1.0 - p.practice_effect * (1.0 - giver.practice)) * self.handoff(need, giver)
        self.helper[need] = giver
        worst, severity = None, p.tolerance
        for other in range(NEEDS):
            if other != need and self.need[other] > severity and self.status[other] != NONE:
                worst, severity = other, self.need[other]
        if worst is not None and self.random.random() < flexibility and self.random.random() < works * p.outside_scope:
            self.remaining[worst] *= 1.0 - p.relief
        if self.random.random() < works:
            self.remaining[need] *= 1.0 - p.relief

    def handoff(self, need: int, giver: Partner) -> float:
        """How well the other needs are known to whoever helps."""
        p = self.model.parameters
        others, linked = 0, 0.0
        for other in range(NEEDS):
            if other != need and self.need[other] > p.tolerance:
                others += 1
                linked += self.model.paths[giver][self.provider[other] or self.model.services[other]]
        return 1.0 - p.handoff_effect * (1.0 - linked / others) if others else 1.0

    def fall_into_crisis(self) -> None:
        """A very bad need that nobody helped with may end in a crisis."""
        p = self.model.parameters
        self.in_crisis = False
        for need, severity in enumerate(self.need):
            untouched = self.helper[need] is None and self.remaining[need] == 1.0
            if severity >= p.crisis_level and untouched and self.random.random() < p.crisis_chance:
                self.in_crisis = True
                self.crises += 1
                self.remaining[need] *= 1.0 - p.crisis_relief
                self.here.crises += 1
                self.model.services[need].crises += 1
                self.model.crisis_cost += p.crisis_cost
                self.model.events.append((self.model.steps, self, need, severity))

    def take_stock(self) -> None:
        """Help takes effect, and trust is revised."""
        p = self.model.parameters
        for need, helper in enumerate(self.helper):
            trust = self.trust[need]
            if helper is not None:
                self.status[need] = SERVED
                self.here.helped += 1
                if self.provider[need] is not None and self.provider[need] is not helper:
                    self.here.moved += 1
                self.provider[need] = helper
                self.helper[need] = None
                if self.remaining[need] < 1.0:
                    self.here.resolved += 1
                    self.trust[need] = trust + p.resident_trust_gain * (1.0 - trust)
                else:
                    self.trust[need] = trust - p.resident_trust_loss * trust
                    if p.agency and self.random.random() < p.complaining:
                        helper.complaints += 1
                        self.here.complaints += 1
            elif self.status[need] == WAITING:
                self.trust[need] = trust - p.resident_trust_loss * trust
            severity = self.need[need]
            left = self.need[need] = severity * self.remaining[need]
            if severity > p.tolerance:
                self.here.need += severity
                if left > p.tolerance:
                    self.here.unmet += left
            self.remaining[need] = 1.0

    def feel(self) -> None:
        """Wellbeing from 0 to 10."""
        p = self.model.parameters
        above = [max(0.0, need - 0.5 * p.tolerance) for need in self.need]
        wellbeing = p.best_wellbeing + p.wellbeing_slack * (self.slack - 0.5)
        wellbeing -= p.wellbeing_need * (0.5 * max(above) + 0.5 * sum(above))
        wellbeing -= p.wellbeing_cost * self.squeeze + p.wellbeing_crisis * self.in_crisis
        self.wellbeing = min(10.0, max(0.0, wellbeing))

    def be_counted(self) -> None:
        """Be counted in the neighbourhood, and in the town by wellbeing and by months waited."""
        here, model = self.here, self.model
        here.residents += 1
        here.wellbeing += self.wellbeing
        here.low_wellbeing += self.wellbeing <= 4.0
        model.by_wellbeing[min(199, int(self.wellbeing * 20.0))] += 1
        several = 0
        for severity, status, waited in zip(self.need, self.status, self.waited, strict=True):
            several += severity > 0.5 * model.parameters.tolerance
            if status == WAITING:
                here.waiting += 1
                model.by_waiting[min(24, waited)] += 1
                here.waiting_long += waited > 6
        here.several_needs += several >= 2


class Numbers:
    """The parameters as plain attributes."""

    def __init__(self, town: Town) -> None:
        for name in Parameters.__annotations__:
            setattr(self, name, town.parameters[name].tolist())


class TwinModel(mesa.Model):
    """The people, services and partners of a founded town, moved into a Mesa model of their own."""

    def __init__(self, town: Town, seed: int = 1) -> None:
        super().__init__(rng=seed)
        self.parameters = Numbers(town)
        self.outside = [{name: row[name].tolist() for name in row.dtype.names} for row in town.outside]
        self.events: list[tuple[int, Resident, int, float]] = []
        places = [Place(self, float(row["deprivation"]), float(row["social_capital"])) for row in town.neighbourhoods]
        self.services = [
            Service(self, float(row["quality"]), float(row["practice"]), need,
                    float(row["crossing"]) / max(1, int(row["peers"])))
            for need, row in enumerate(town.services)
        ]  # fmt: skip
        for service, row in zip(self.services, town.services, strict=True):
            service.posts, service.technology = float(row["posts"]), float(row["technology"])
            service.spared = float(row["spared"])
        partners = [Partner(self, float(row["quality"]), float(row["practice"])) for row in town.partners]
        for partner, root in zip(partners, town.partners["neighbourhood"].tolist(), strict=True):
            partner.root = places[root] if root >= 0 else None
        self.graph = self.ties_of(town, [*self.services, *partners])
        names = ("age", "slack", "frailty", "energy_share", "food_share", "online", "need", "trust")
        columns = {name: town.residents[name].tolist() for name in names}
        for number, home in enumerate(town.residents["neighbourhood"].tolist()):
            Resident(self, {name: columns[name][number] for name in names}, places[home])
        people = list(self.agents_by_type[Resident])
        ends = (town.residents[end].tolist() for end in ("first_kith", "last_kith"))
        for one, first, last in zip(people, *ends, strict=True):
            one.kith = [people[other] for other in town.kith[first:last].tolist()]

    def ties_of(self, town: Town, organisations: list[Partner]) -> nx.MultiGraph:
        """Agreements as edges, and how well each organisation hears from each other."""
        graph = nx.MultiGraph()
        graph.add_nodes_from(organisations)
        for row in town.agreements:
            graph.add_edge(
                organisations[row["buyer"]], organisations[row["seller"]], agreed=float(row["agreed"]),
                effort=float(row["effort"]), flexibility=float(row["flexibility"]), places_left=0.0,
            )  # fmt: skip
        heard = town.handoff.tolist()
        self.paths = {
            one: dict(zip(organisations, row, strict=True)) for one, row in zip(organisations, heard, strict=True)
        }
        return graph

    def step(self) -> None:
        """One month."""
        outside = self.outside[min(self.steps - 1, len(self.outside) - 1)]
        self.food, self.labour, self.other = (
            outside["prices"][part] for part in (Component.FOOD, Component.LABOUR, Component.OTHER)
        )
        self.household_energy, self.demand = outside["household_energy"], outside["demand"]
        self.aged = self.parameters.ageing * (self.steps - 1) / 12.0
        self.by_wellbeing, self.by_waiting, self.crisis_cost = [0] * 200, [0] * 25, 0.0
        residents = self.agents_by_type[Resident]
        self.agents_by_type[Place].do("clear")
        self.agents_by_type[Service].do("open_doors")
        residents.do("begin_month")
        residents.shuffle_do("seek_help")
        self.agents_by_type[Service].shuffle_do("share_out_places")
        residents.do("end_month")

    def mean_need(self) -> float:
        """Mean severity over residents and needs."""
        return sum(sum(one.need) for one in self.agents_by_type[Resident]) / (
            NEEDS * len(self.agents_by_type[Resident])
        )
