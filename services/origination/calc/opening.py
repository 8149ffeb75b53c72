"""What a process is told at its start: the rulebook of the pinned policy, and the conditions of the product."""

from datetime import date

from domain.application import ApplicationContent
from domain.calendar import BusinessCalendar
from domain.facility import ConditionKind, ConditionTerm
from domain.facts import FactState
from domain.requests.card_facts import top_buyer_share
from domain.rulebook import DutySeparation, Rulebook
from policy.engine import Bundle, FacilityCondition, FactValue
from policy.engine.conditions import Truth


def rulebook(bundle: Bundle, on: date, calendar: BusinessCalendar) -> Rulebook:
    """Duties that stay apart, deadlines and validity of the policy version of a day, with the calendar as known."""
    duties = bundle.separation_of_duties(on)
    levels = bundle.sla(on)
    validity = bundle.validity(on)
    committees = [body.committee for body in bundle.authority(on).bodies if body.committee is not None]
    committee = {"committee_quorum": committees[0].quorum, "committee_size": committees[0].size} if committees else {}
    return Rulebook(
        policy_sha256=bundle.sha256,
        separations=tuple(
            DutySeparation(rule_id=rule.id, first=first, second=second, name_zh=rule.title_zh, name_en=rule.title_en)
            for rule in duties.rules
            for first, second in rule.pairs()
        ),
        front_office_duties=duties.front_office_duties,
        sla_business_days={task.value: days for task, days in sorted(levels.business_days.items())},
        offer_validity_days=validity.offer_days,
        approval_validity_days=validity.approval_days,
        owner_confirmation_hours=levels.owner_confirmation_hours,
        cut_off=bundle.business_day(on).cut_off,
        calendar=calendar,
        **committee,
    )


def condition_terms(bundle: Bundle, product: str, on: date, content: ApplicationContent) -> tuple[ConditionTerm, ...]:
    """The conditions of the product that speak of the assets of this case."""
    kinds = {asset.kind for asset in content.assets}
    terms = tuple(
        _term(condition)
        for condition in bundle.conditions(product, on).conditions
        if not condition.asset_kinds or kinds & set(condition.asset_kinds)
    )
    return (*terms, *attached(bundle, on, content))


def attached(bundle: Bundle, on: date, content: ApplicationContent) -> tuple[ConditionTerm, ...]:
    """The undertakings whose test the case meets, or cannot be told not to meet: what nobody knows is watched as well."""
    share = top_buyer_share(content.contracts) if content.contracts else FactState.NOT_APPLICABLE
    facts: dict[str, FactValue] = {"market.top_buyer_share": share}
    return tuple(
        ConditionTerm(
            code=covenant.id, kind=ConditionKind.UNDERTAKING, title_zh=covenant.title_zh, title_en=covenant.title_en
        )
        for covenant in bundle.covenants(on)
        if covenant.check(facts).truth is not Truth.NOT_MET
    )


def _term(condition: FacilityCondition) -> ConditionTerm:
    return ConditionTerm(
        code=condition.id,
        kind=condition.kind,
        title_zh=condition.title_zh,
        title_en=condition.title_en,
        counts_from=condition.counts_from,
        due_days=condition.due_days,
        consequence_zh=condition.consequence_zh or "",
        consequence_en=condition.consequence_en or "",
        security_kind=condition.security_kind.value if condition.security_kind else None,
    )
