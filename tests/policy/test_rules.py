"""Rules: breaches in both languages, comparisons between facts, and no escape by silence."""

from datetime import date
from pathlib import Path

import pytest

from domain.facts import Absent
from domain.finding import Outcome
from domain.money import yuan
from policy.engine import FactValue, Regulation, RulesDecision, Severity, check_rules
from tests.policy.small_books import HEAD, book, faults

ON = date(2024, 6, 1)


def regulation(*rules: str) -> str:
    lines = "\n".join(f"  - {rule}" for rule in rules)
    return f"kind: regulation\nid: sample\n{HEAD}rules:\n{lines}\n".replace("\n    ", "\n")


def rule(
    breached: str,
    *,
    name: str = "RULE",
    scope: str = "{}",
    severity: str = "BLOCK",
    more: str = "",
    zh: str = "违反",
    en: str = "breached",
) -> str:
    return (
        f"{{id: {name}, article: Test, severity: {severity}, applies: [approval], scope: {scope}, "
        f"breached_when: [{breached}], message_zh: '{zh}', message_en: '{en}'{more}}}"
    )


def rules_of(directory: Path, *rules: str) -> tuple[Regulation, ...]:
    return book(directory, sample=regulation(*rules)).regulations("approval", "city_bank", ON)


def check(directory: Path, facts: dict[str, FactValue], *rules: str) -> RulesDecision:
    return check_rules(rules_of(directory, *rules), facts)


TENTH = rule(
    '{loan.amount: "> 0.10 * bank.capital"}',
    zh="{loan.amount} 元超过 {bank.capital} 元的 10%",
    en="{loan.amount} yuan exceed 10 % of {bank.capital}",
)


def test_a_share_of_another_fact_is_compared_exactly(tmp_path: Path) -> None:
    """Net capital 2.8bn: 280m is the tenth and stands, one fen more is not."""
    capital = yuan("2800000000.00")
    kept = check(tmp_path, {"loan.amount": yuan(280_000_000), "bank.capital": capital}, TENTH)
    assert (kept.outcome, kept.breaches, kept.reasons) == (Outcome.PASS, (), ())
    broken = check(tmp_path, {"loan.amount": yuan("280000000.01"), "bank.capital": capital}, TENTH)
    assert broken.outcome is Outcome.FAIL
    (breach,) = broken.breaches
    assert (breach.rule_id, breach.severity) == ("RULE", Severity.BLOCK)
    assert breach.reason.message_zh == "280,000,000.01 元超过 2,800,000,000.00 元的 10%"
    assert breach.reason.message_en == "280,000,000.01 yuan exceed 10 % of 2,800,000,000.00"
    (step,) = broken.trace
    assert step.rule == "breached when loan.amount > 0.10 * bank.capital"
    assert step.inputs == {"loan.amount": "280000000.01", "bank.capital": "2800000000.00"}
    assert step.result == "breached"


@pytest.mark.parametrize("severity", ["BLOCK", "REFER", "WARN"])
def test_severity_decides_the_outcome(tmp_path: Path, severity: str) -> None:
    expected = {"BLOCK": Outcome.FAIL, "REFER": Outcome.REFER, "WARN": Outcome.PASS}[severity]
    decision = check(tmp_path, {"firm.listed": True}, rule('{firm.listed: "true"}', severity=severity))
    assert decision.outcome is expected
    assert [reason.code for reason in decision.reasons] == ["RULE"]


def test_an_absent_fact_refers_and_is_named_with_the_rules_that_need_it(tmp_path: Path) -> None:
    other = rule('{loan.amount: "> 5"}', name="OTHER")
    decision = check(tmp_path, {"loan.amount": Absent(state="undisclosed")}, TENTH, other)
    assert decision.outcome is Outcome.REFER
    assert [(item.fact, item.state) for item in decision.referred] == [
        ("loan.amount", "undisclosed"),
        ("bank.capital", "not_given"),
    ]
    reason = decision.reasons[0]
    assert (reason.code, reason.subject) == ("FACT_ABSENT", "loan.amount")
    assert reason.message_en == "loan.amount is undisclosed: OTHER, RULE cannot be decided"
    assert "未披露" in reason.message_zh


def test_a_fact_that_cannot_matter_is_not_asked_for(tmp_path: Path) -> None:
    narrowed = rule('{loan.months: "> 36", firm.listed: "false"}', scope='{firm.size: "small"}')
    decided: list[dict[str, FactValue]] = [
        {"firm.size": "large"},
        {"firm.size": "small", "loan.months": 12},
        {"loan.months": 12},
        {"firm.size": "small", "firm.listed": True},
    ]
    for facts in decided:
        assert check(tmp_path, facts, narrowed).outcome is Outcome.PASS
    assert check(tmp_path, {"loan.months": 60}, narrowed).outcome is Outcome.REFER


def test_one_alternative_that_is_met_is_a_breach_whatever_the_others_hide(tmp_path: Path) -> None:
    either = rule('{firm.listed: "true"}, {loan.months: "> 36"}')
    assert check(tmp_path, {"loan.months": 60}, either).outcome is Outcome.FAIL
    assert check(tmp_path, {"firm.listed": False}, either).outcome is Outcome.REFER


def test_nobody_escapes_a_rule_by_calling_a_fact_inapplicable(tmp_path: Path) -> None:
    nothing = Absent(state="not_applicable")
    strict = rule('{plant.pue: "> 1.3"}')
    assert check(tmp_path, {"plant.pue": nothing}, strict).outcome is Outcome.REFER
    silent = rule('{plant.pue: "> 1.3"}', more=", silent_when_not_applicable: [plant.pue]")
    assert check(tmp_path, {"plant.pue": nothing}, silent).outcome is Outcome.PASS
    assert check(tmp_path, {"plant.pue": None}, silent).outcome is Outcome.REFER


def test_an_unknown_fact_of_a_warning_is_named_and_stops_nothing(tmp_path: Path) -> None:
    decision = check(tmp_path, {}, rule('{firm.listed: "true"}', severity="WARN"))
    assert decision.outcome is Outcome.PASS
    assert [reason.code for reason in decision.reasons] == ["FACT_ABSENT"]


def test_no_rules_is_not_a_pass() -> None:
    assert check_rules((), {}).outcome is Outcome.NOT_RUN


def test_what_a_rule_gets_wrong_is_reported_with_its_place(tmp_path: Path) -> None:
    wrong = regulation(
        rule('{loan.colour: "red"}'),
        rule('{loan.amount: "> 0.1 * firm.founded"}', name="TYPES"),
        rule('{firm.size: "> firm.region"}', name="ORDER"),
        rule('{loan.amount: "> bank.size"}', name="UNDECLARED"),
        rule('{firm.listed: "true"}', en="{firm.name}", more=", silent_when_not_applicable: [plant.pue]"),
    )
    whole = "\n".join(faults(tmp_path, sample=wrong))
    for said in (
        "rules/0/breached_when/0/loan.colour: 'loan.colour' is not a declared fact",
        "compares a money with a date",
        "a code has no order",
        "'bank.size' is not a declared fact",
        "rules/4/message_en: the message shows 'firm.name'",
        "the rule does not ask for 'plant.pue'",
        "rules/4/id: the rule id 'RULE' appears twice",
    ):
        assert said in whole


def test_a_rule_speaks_at_its_moment_to_its_licences_on_its_days(tmp_path: Path) -> None:
    bundle = book(
        tmp_path,
        sample=regulation(
            rule('{firm.listed: "true"}', name="LESSORS", more=", licences: [finance_lease]"),
            rule('{firm.listed: "true"}', name="EVERYONE"),
            rule('{firm.listed: "true"}', name="LATER", more=", effective_from: 2024-07-01"),
            rule('{firm.listed: "true"}', name="EARLIER", more=", effective_to: 2024-05-31"),
        ),
    )

    def ids(moment: str, licence: str, on: date) -> list[str]:
        return [item.id for item in bundle.regulations(moment, licence, on)]  # type: ignore[arg-type]

    assert ids("approval", "city_bank", ON) == ["EVERYONE"]
    assert ids("approval", "finance_lease", ON) == ["EVERYONE", "LESSORS"]
    assert ids("approval", "city_bank", date(2024, 7, 1)) == ["EVERYONE", "LATER"]
    assert ids("approval", "city_bank", date(2024, 5, 31)) == ["EARLIER", "EVERYONE"]
    assert ids("contract", "city_bank", ON) == []
