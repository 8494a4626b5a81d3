/* The twin month in C: the same records, the same draws, the same arithmetic in the same order.
   The records and the numbers of decisions, needs and happenings are written above this by twin_in_c.py. */

#include <math.h>
#include <stdint.h>

#define STEP 0x9E3779B97F4A7C15ull
#define FIRST 0xBF58476D1CE4E5B9ull
#define SECOND 0x94D049BB133111EBull
#define ROW 0xD1342543DE82EF95ull

static inline double least(double a, double b) { return b < a ? b : a; }
static inline double most(double a, double b) { return b > a ? b : a; }

/* ---- luck ---- */

static inline uint64_t mix(uint64_t n) {
    n = (n ^ (n >> 30)) * FIRST;
    n = (n ^ (n >> 27)) * SECOND;
    return n ^ (n >> 31);
}

static inline double chance(const Town *town, int64_t decision, int64_t who, int64_t part) {
    uint64_t slot = (uint64_t)(decision * DRAWS_A_DECISION + part * DRAWS_A_PART);
    uint64_t mixed = mix((uint64_t)town->clock->key ^ ((uint64_t)who * ROW));
    return (double)(mix(mixed + slot * STEP) >> 11) * (1.0 / 9007199254740992.0);
}

static void open_month(Town *town) {
    uint64_t key = mix((uint64_t)town->clock->seed * STEP + 1);
    town->clock->key = (int64_t)mix(key + (uint64_t)town->clock->month * STEP);
}

/* ---- the month opens ---- */

static void prices_move(Town *town) {
    Clock *clock = town->clock;
    Books *books = town->books;
    int64_t last = town->many_outside - 1;
    const Outside *outside = &town->outside[clock->month < last ? clock->month : last];
    for (int c = 0; c < COMPONENTS; c++) clock->prices[c] = outside->prices[c];
    clock->household_energy = outside->household_energy;
    clock->demand = outside->demand;
    clock->aged = town->parameters->ageing * (double)clock->month / 12.0;
    int64_t opens = town->parameters->broker_opens, closes = town->parameters->broker_closes;
    clock->broker = opens > 0 && opens <= clock->month && (closes == 0 || clock->month < closes);
    for (int i = 0; i < WELLBEING_BINS; i++) clock->wellbeing[i] = 0;
    for (int i = 0; i < WAITING_BINS; i++) clock->waiting[i] = 0;
    books->cost_rise = books->funders = books->partners = books->staff = books->residents = 0.0;
    books->paid_in = books->paid_away = books->public_cost = books->tie_cost = books->crisis_cost = 0.0;
    books->crisis_cost_to_health = books->broker_cost = 0.0;
    double held = 0.0;
    for (int64_t i = 0; i < town->many_services; i++) held += town->services[i].reserves;
    for (int64_t i = 0; i < town->many_funders; i++) held += town->funders[i].reserves;
    books->services_held = held;
    held = 0.0;
    for (int64_t i = 0; i < town->many_partners; i++) held += town->partners[i].reserves;
    books->partners_held = held;
    books->held = books->services_held + books->partners_held;
}

static void clear_the_count(Neighbourhood *here) {
    here->residents = 0;
    here->wellbeing = here->need = here->unmet = 0.0;
    here->waiting = here->waiting_long = here->asked = here->came_back = here->gave_up = 0;
    here->crises = here->helped = here->resolved = here->moved = here->low_wellbeing = here->several_needs = 0;
    here->complaints = 0;
    for (int need = 0; need < NEEDS; need++) {
        here->queue[need] = 0;
        here->quota[need] = 0.0;
    }
}

static void open_doors(Organisation *service, Town *town) {
    const Parameters *p = town->parameters;
    service->queue = 0;
    service->served = 0;
    double kept = service->places_left - floor(service->places_left);
    service->places_left = kept + service->posts * p->places_per_worker * p->usable_time;
    for (int64_t k = service->first_agreement; k < service->last_agreement; k++) {
        Tie *tie = &town->agreements[k];
        kept = tie->places_left - floor(tie->places_left);
        tie->places_left = kept + tie->agreed;
    }
}

/* ---- residents: need ---- */

static inline void feel_the_squeeze(Resident *r, Town *town) {
    const double *prices = town->clock->prices;
    double other_share = 1.0 - r->energy_share - r->food_share;
    double living = r->energy_share * town->clock->household_energy + r->food_share * prices[COMPONENT_FOOD]
                  + other_share * prices[COMPONENT_OTHER];
    double income = 1.0 + town->parameters->income_follows_wages * (prices[COMPONENT_LABOUR] - 1.0);
    r->squeeze = most(0.0, living / most(0.01, income) - 1.0) * (1.0 - r->slack);
}

static inline double new_need(Resident *r, int need, double exposure, Town *town) {
    const Parameters *p = town->parameters;
    double likely = exposure * p->inflow_mix[need] * town->services[need].spared;
    double older = r->age + town->clock->aged - 50.0;
    if (need == NEED_CARE) likely *= exp(older / p->age_scale);
    else if (need == NEED_HEALTH) likely *= exp(0.5 * older / p->age_scale);
    if (r->status[need] == STATUS_WAITING) likely *= exp(p->escalation * r->need[need]);
    if (chance(town, DECISION_NEED_STRIKES, r->luck, need) >= likely) return 0.0;
    double either_side = 2.0 * chance(town, DECISION_HOW_BAD, r->luck, need) - 1.0;
    return p->blow + p->blow_spread * either_side;
}

static inline void need_grows(Resident *r, Town *town) {
    const Parameters *p = town->parameters;
    double deprivation = town->neighbourhoods[r->neighbourhood].deprivation;
    double exposure = p->inflow * town->clock->demand * r->frailty;
    exposure *= most(0.0, 1.0 + p->deprivation_effect * (deprivation - 0.5));
    for (int need = 0; need < NEEDS; need++) r->pressure[need] = new_need(r, need, exposure, town);
    r->pressure[NEED_MONEY] += p->hardship * r->squeeze;
    for (int since = 0; since < NEEDS; since++) {
        double felt = r->need[since];
        if (felt > p->tolerance)
            for (int need = 0; need < NEEDS; need++) r->pressure[need] += p->spillover[need][since] * felt;
    }
    double worst = 0.0;
    for (int need = 0; need < NEEDS; need++) {
        double grown = (1.0 - p->recovery) * r->need[need] + r->pressure[need];
        r->need[need] = least(1.0, most(0.0, grown));
        worst = most(worst, r->need[need]);
    }
    r->spare = p->tolerance > 0.0 ? most(0.0, 1.0 - worst / p->tolerance) : 0.0;
}

static inline void be_helped_by_kith(Resident *r, Town *town) {
    const Parameters *p = town->parameters;
    if (p->kith_help <= 0.0 || r->spare > 0.0) return;
    int worst = 0;
    for (int need = 1; need < NEEDS; need++)
        if (r->need[need] > r->need[worst]) worst = need;
    double given = 0.0;
    for (int64_t place = r->first_kith; place < r->last_kith; place++) {
        const Resident *kith = &town->residents[town->kith[place]];
        given += kith->spare / (double)(kith->last_kith - kith->first_kith);
    }
    double share = p->kith_help * town->neighbourhoods[r->neighbourhood].social_capital * given;
    r->need[worst] *= 1.0 - least(1.0, share);
}

/* ---- residents: asking ---- */

static inline int64_t open_needs(const Resident *r, const Town *town) {
    int64_t count = 0;
    for (int need = 0; need < NEEDS; need++) count += r->need[need] > town->parameters->tolerance;
    return count;
}

static inline void join_queue(Resident *r, int need, Town *town) {
    Organisation *service = &town->services[need];
    Case *one = &town->queue[need * town->many_residents + service->queue];
    double lot = chance(town, DECISION_QUEUE_LOT, r->luck, need);
    one->resident = r->id;
    if (town->parameters->queue_order == 0) one->priority = r->need[need] + 1e-6 * lot;
    else if (town->parameters->queue_order == 1) one->priority = (double)r->waited[need] + lot;
    else one->priority = (double)open_needs(r, town) + 1e-6 * lot;
    service->queue += 1;
    town->neighbourhoods[r->neighbourhood].queue[need] += 1;
}

static inline void ask_for_help(Resident *r, Town *town) {
    const Parameters *p = town->parameters;
    Neighbourhood *here = &town->neighbourhoods[r->neighbourhood];
    int agency = p->agency == 1;
    for (int need = 0; need < NEEDS; need++) {
        int64_t status = r->status[need];
        r->status[need] = STATUS_NONE;
        if (r->need[need] <= p->tolerance) {
            r->waited[need] = 0;
            r->provider[need] = NOBODY;
            continue;
        }
        double trust = r->trust[need];
        if (status == STATUS_WAITING) {
            if (agency && chance(town, DECISION_GIVE_UP, r->luck, need) < p->giving_up * (1.0 - trust)) {
                r->waited[need] = 0;
                here->gave_up += 1;
                continue;
            }
            r->waited[need] += 1;
        } else {
            double willing = agency ? p->asking + (1.0 - p->asking) * trust : 1.0;
            if (r->online == 0) willing *= 1.0 - p->technology_exclusion * town->services[need].technology;
            if (chance(town, DECISION_ASK_FOR_HELP, r->luck, need) >= willing) continue;
            r->waited[need] = 0;
            r->contacts += 1;
            here->asked += 1;
            if (status == STATUS_SERVED) {
                r->returns += 1;
                here->came_back += 1;
                if (agency && chance(town, DECISION_CHOOSE_ANOTHER, r->luck, need) < p->choosing * (1.0 - trust))
                    r->provider[need] = NOBODY;
            }
        }
        r->status[need] = STATUS_WAITING;
        join_queue(r, need, town);
    }
}

/* ---- services: places are shared out ---- */

#define NO_PLACE NOBODY
#define OWN_PLACE (-1)

static inline void sift_down(Case *queue, int64_t spot, int64_t size) {
    Case moving = queue[spot];
    for (;;) {
        int64_t below = 2 * spot + 1;
        if (below >= size) break;
        if (below + 1 < size && queue[below + 1].priority > queue[below].priority) below += 1;
        if (queue[below].priority <= moving.priority) break;
        queue[spot] = queue[below];
        spot = below;
    }
    queue[spot] = moving;
}

static inline double reach(const Tie *tie, const Resident *r, const Town *town) {
    int64_t root = town->organisations[tie->seller].neighbourhood;
    return root == NOBODY || root == r->neighbourhood ? 1.0 : town->parameters->rooted_reach;
}

static inline int64_t choose_place(Organisation *service, Resident *r, Town *town) {
    int64_t known = r->provider[service->id];
    int64_t total = (int64_t)floor(service->places_left);
    if (known == service->id && total >= 1) return OWN_PLACE;
    double weights = (double)total;
    for (int64_t k = service->first_agreement; k < service->last_agreement; k++) {
        int64_t places = (int64_t)floor(town->agreements[k].places_left);
        if (places >= 1 && town->agreements[k].seller == known) return k;
        total += places;
        weights += (double)places * reach(&town->agreements[k], r, town);
    }
    if (total < 1) return NO_PLACE;
    double ticket = chance(town, DECISION_WHICH_PLACE, r->luck, service->id) * weights;
    ticket -= floor(service->places_left);
    if (ticket < 0.0) return OWN_PLACE;
    int64_t chosen = NO_PLACE;
    for (int64_t k = service->first_agreement; k < service->last_agreement; k++) {
        int64_t places = (int64_t)floor(town->agreements[k].places_left);
        if (places >= 1 && ticket >= 0.0) chosen = k;
        ticket -= (double)places * reach(&town->agreements[k], r, town);
    }
    return chosen;
}

static inline double handoff(Resident *r, int64_t need, Organisation *giver, Town *town) {
    int64_t others = 0;
    double linked = 0.0;
    for (int64_t other = 0; other < NEEDS; other++) {
        if (other == need || r->need[other] <= town->parameters->tolerance) continue;
        int64_t holder = r->provider[other];
        if (holder == NOBODY) holder = town->services[other].id;
        others += 1;
        linked += town->handoff[giver->id * town->many_organisations + holder];
    }
    if (others == 0) return 1.0;
    double lost = town->parameters->handoff_effect * (1.0 - linked / (double)others);
    return 1.0 - lost;
}

static inline int64_t worst_other_need(Resident *r, int64_t need, Town *town) {
    int64_t worst = NOBODY;
    double severity = town->parameters->tolerance;
    for (int64_t other = 0; other < NEEDS; other++) {
        if (other != need && r->need[other] > severity && r->status[other] != STATUS_NONE) {
            severity = r->need[other];
            worst = other;
        }
    }
    return worst;
}

static inline int64_t give_help(Resident *r, int64_t need, Organisation *giver, double effort, double flexibility,
                                Town *town) {
    const Parameters *p = town->parameters;
    double practised = 1.0 - p->practice_effect * (1.0 - giver->practice);
    double works = giver->quality * effort * practised * handoff(r, need, giver, town);
    r->helper[need] = giver->id;
    int64_t other = worst_other_need(r, need, town);
    if (other != NOBODY && chance(town, DECISION_OUTSIDE_SCOPE, r->luck, need) < flexibility) {
        double also = works * p->outside_scope;
        if (chance(town, DECISION_OUTSIDE_WORKS, r->luck, need) < also) r->remaining[other] *= 1.0 - p->relief;
    }
    if (chance(town, DECISION_HELP_WORKS, r->luck, need) < works) {
        r->remaining[need] *= 1.0 - p->relief;
        return 1;
    }
    return 0;
}

static void share_out_places(Organisation *service, Town *town) {
    Case *queue = &town->queue[service->id * town->many_residents];
    int64_t waiting = service->queue;
    for (int64_t spot = waiting / 2 - 1; spot >= 0; spot--) sift_down(queue, spot, waiting);
    while (waiting > 0) {
        Resident *r = &town->residents[queue[0].resident];
        int64_t place = choose_place(service, r, town);
        if (place == NO_PLACE) break;
        if (place == OWN_PLACE) {
            double flexibility = service->peers > 0 ? service->crossing / (double)service->peers : 0.0;
            service->places_left -= 1.0;
            service->served += 1;
            service->succeeded += give_help(r, service->id, service, 1.0, flexibility, town);
        } else {
            Tie *tie = &town->agreements[place];
            Organisation *seller = &town->organisations[tie->seller];
            tie->places_left -= 1.0;
            tie->served += 1;
            seller->served += 1;
            int64_t worked = give_help(r, service->id, seller, tie->effort, tie->flexibility, town);
            tie->succeeded += worked;
            service->succeeded += worked;
        }
        waiting -= 1;
        queue[0] = queue[waiting];
        sift_down(queue, 0, waiting);
        queue[waiting].resident = NOBODY;
    }
}

/* ---- residents: how the month was ---- */

static void tell(Town *town, int64_t kind, int64_t who, int64_t whom, double amount, int64_t cause, int64_t because) {
    int64_t row = town->clock->events;
    if (row >= town->many_events) {
        town->clock->events_lost += 1;
        return;
    }
    town->events[row] = (Event){.month = town->clock->month, .kind = kind, .who = who, .whom = whom,
                                .amount = amount, .cause = cause, .because = because};
    town->clock->events = row + 1;
}

static inline void fall_into_crisis(Resident *r, Town *town) {
    const Parameters *p = town->parameters;
    r->in_crisis = 0;
    for (int need = 0; need < NEEDS; need++) {
        if (r->need[need] >= p->crisis_level && r->helper[need] == NOBODY && r->remaining[need] == 1.0
            && chance(town, DECISION_CRISIS, r->luck, need) < p->crisis_chance) {
            r->in_crisis = 1;
            r->crises += 1;
            r->remaining[need] *= 1.0 - p->crisis_relief;
            town->neighbourhoods[r->neighbourhood].crises += 1;
            town->services[need].crises += 1;
            town->books->crisis_cost += p->crisis_cost;
            tell(town, HAPPENING_CRISIS, r->id, need, r->need[need], CAUSE_NEED_UNMET, town->services[need].event);
        }
    }
}

static inline void take_stock(Resident *r, Town *town) {
    const Parameters *p = town->parameters;
    Neighbourhood *here = &town->neighbourhoods[r->neighbourhood];
    for (int need = 0; need < NEEDS; need++) {
        int64_t helper = r->helper[need];
        double trust = r->trust[need];
        if (helper != NOBODY) {
            r->status[need] = STATUS_SERVED;
            here->helped += 1;
            if (r->provider[need] != NOBODY && r->provider[need] != helper) here->moved += 1;
            r->provider[need] = helper;
            r->helper[need] = NOBODY;
            if (r->remaining[need] < 1.0) {
                here->resolved += 1;
                r->trust[need] = trust + p->resident_trust_gain * (1.0 - trust);
            } else {
                r->trust[need] = trust - p->resident_trust_loss * trust;
                if (p->agency == 1 && chance(town, DECISION_COMPLAIN, r->luck, need) < p->complaining) {
                    town->organisations[helper].complaints += 1;
                    here->complaints += 1;
                }
            }
        } else if (r->status[need] == STATUS_WAITING) {
            r->trust[need] = trust - p->resident_trust_loss * trust;
        }
        double severity = r->need[need];
        r->need[need] = severity * r->remaining[need];
        if (severity > p->tolerance) {
            here->need += severity;
            if (r->need[need] > p->tolerance) here->unmet += r->need[need];
        }
        r->remaining[need] = 1.0;
    }
}

static inline void feel(Resident *r, Town *town) {
    const Parameters *p = town->parameters;
    double worst = 0.0, all_needs = 0.0;
    for (int need = 0; need < NEEDS; need++) {
        double above = most(0.0, r->need[need] - 0.5 * p->tolerance);
        all_needs += above;
        worst = most(worst, above);
    }
    double wellbeing = p->best_wellbeing + p->wellbeing_slack * (r->slack - 0.5);
    wellbeing -= p->wellbeing_need * (0.5 * worst + 0.5 * all_needs);
    wellbeing -= p->wellbeing_cost * r->squeeze;
    wellbeing -= p->wellbeing_crisis * (double)r->in_crisis;
    r->wellbeing = least(10.0, most(0.0, wellbeing));
}

static inline void be_counted(Resident *r, Town *town) {
    double tolerance = town->parameters->tolerance;
    Neighbourhood *here = &town->neighbourhoods[r->neighbourhood];
    here->residents += 1;
    here->wellbeing += r->wellbeing;
    if (r->wellbeing <= 4.0) here->low_wellbeing += 1;
    int64_t bin = (int64_t)(r->wellbeing * (WELLBEING_BINS / 10.0));
    town->clock->wellbeing[bin < WELLBEING_BINS - 1 ? bin : WELLBEING_BINS - 1] += 1;
    int64_t several = 0;
    for (int need = 0; need < NEEDS; need++) {
        if (r->need[need] > 0.5 * tolerance) several += 1;
        if (r->status[need] == STATUS_WAITING) {
            here->waiting += 1;
            int64_t months = r->waited[need];
            town->clock->waiting[months < WAITING_BINS - 1 ? months : WAITING_BINS - 1] += 1;
            if (months > 6) here->waiting_long += 1;
        }
    }
    if (several >= 2) here->several_needs += 1;
}

/* ---- months ---- */

#define EVERY_RESIDENT for (int64_t i = 0; i < town->many_residents; i++)

void live(Town *town, int64_t months) {
    while (months-- > 0) {
        open_month(town);
        prices_move(town);
        for (int64_t i = 0; i < town->many_neighbourhoods; i++) clear_the_count(&town->neighbourhoods[i]);
        for (int64_t i = 0; i < town->many_services; i++) open_doors(&town->services[i], town);
        EVERY_RESIDENT feel_the_squeeze(&town->residents[i], town);
        EVERY_RESIDENT need_grows(&town->residents[i], town);
        EVERY_RESIDENT be_helped_by_kith(&town->residents[i], town);
        EVERY_RESIDENT ask_for_help(&town->residents[i], town);
        for (int64_t i = 0; i < town->many_services; i++) share_out_places(&town->services[i], town);
        EVERY_RESIDENT fall_into_crisis(&town->residents[i], town);
        EVERY_RESIDENT take_stock(&town->residents[i], town);
        EVERY_RESIDENT feel(&town->residents[i], town);
        EVERY_RESIDENT be_counted(&town->residents[i], town);
        town->clock->month += 1;
    }
}
