"""Margin ratchets: both directions, bounds, what was known when, and what happens when nothing is reported."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.finding import Outcome
from domain.margin_ratchet import MarginResetRequest, MarginStanding
from services.pricing.calc.conclusion import Conclusion, Inadmissible
from services.pricing.calc.ratchet import margin_standing
from tests.pricing.conftest import book
from tests.pricing.ratchets import GRADES, cover, efficiency, esg, figure, grade, request
from tests.pricing.vintages import LPR, dated

DSCR = "finance.debt_service_cover"
WATTS = "tech.efficiency_ratio"


def standing(asked: MarginResetRequest) -> Conclusion[MarginStanding]:
    return margin_standing(asked, book(), dated("lpr", LPR))


def value(asked: MarginResetRequest) -> MarginStanding:
    found = standing(asked).value
    assert found is not None
    return found


class TestDirections:
    @pytest.mark.parametrize(
        ("ratio", "margin"), [("0.6999", 65), ("0.7", 60), ("0.99999999", 60), ("1", 55), ("2.5", 55)]
    )
    def test_compute_efficiency_moves_the_margin_both_ways(self, ratio: str, margin: int) -> None:
        terms = {"clauses": [efficiency()], "above_original_bps": 50}
        assert value(request(terms, [figure(WATTS, ratio)])).margin_bps == margin

    @pytest.mark.parametrize(("dscr", "margin"), [("1.09", 110), ("1.10", 85), ("1.30", 60), ("1.50", 55)])
    def test_a_covenant_moves_the_margin_both_ways(self, dscr: str, margin: int) -> None:
        terms = {"clauses": [cover()], "above_original_bps": 50}
        assert value(request(terms, [figure(DSCR, dscr)])).margin_bps == margin

    def test_clauses_add_up_and_the_bounds_that_bit_are_named(self) -> None:
        terms: dict[str, Any] = {"clauses": [esg(), efficiency(), cover()], "below_original_bps": 30}
        reports = [grade("AAA"), figure(WATTS, "1.2"), figure(DSCR, "1.6")]
        best = value(request(terms, reports))
        # Three notches are 30, held at 25; 5 and 5 more make 35, of which the agreement allows 30.
        assert best.margin_bps == 30
        assert best.history[-1].bounds == ("esg_cap", "below_original")
        assert [item.adjustment_bps for item in best.history[-1].readings] == [-30, -5, -5]
        worst = value(request(terms, [grade("AAA"), figure(WATTS, "0.5"), figure(DSCR, "1.0")]))
        assert worst.margin_bps == 60
        assert worst.history[-1].bounds == ("esg_cap", "above_original")

    def test_what_the_clauses_can_ever_make_of_the_margin(self) -> None:
        terms: dict[str, Any] = {"clauses": [esg(), efficiency(), cover()]}
        silent = value(request(terms, [grade("BBB"), figure(WATTS, "0.8"), figure(DSCR, "1.4")]))
        assert (silent.lowest_margin_bps, silent.highest_margin_bps) == (60 - 25 - 5 - 5, 60)
        loud = value(request(terms | {"above_original_bps": 40}, [grade("BBB")]))
        assert loud.highest_margin_bps == 100


class TestHistory:
    REPORTS = (
        grade("A", "2025-12-01"),
        grade("AA", "2026-11-01"),
        grade("BBB", "2027-11-01"),
    )

    def test_the_margin_goes_down_and_comes_back(self) -> None:
        found = value(request(reports=list(self.REPORTS), as_of="2028-06-01"))
        assert [(item.on, item.margin_bps) for item in found.history] == [
            (date(2026, 1, 15), 50),
            (date(2027, 1, 15), 40),
            (date(2028, 1, 15), 60),
        ]
        assert (found.in_force_since, found.next_reset) == (date(2028, 1, 15), date(2029, 1, 15))

    def test_between_resets_and_before_the_first_nothing_moves(self) -> None:
        early = value(request(reports=list(self.REPORTS), as_of="2026-01-14"))
        assert (early.margin_bps, early.history, early.in_force_since) == (60, (), date(2025, 1, 15))
        later = value(request(reports=list(self.REPORTS), as_of="2027-01-14"))
        assert (later.margin_bps, later.next_reset) == (50, date(2027, 1, 15))

    def test_a_report_received_after_a_reset_does_not_change_it(self) -> None:
        restated = [*self.REPORTS, grade("CCC", "2025-12-01", received_on="2026-02-01")]
        first, second = (value(request(reports=list(r), as_of="2026-12-31")) for r in (self.REPORTS, restated))
        assert first.history == second.history

    def test_of_two_reports_for_one_day_the_later_received_counts(self) -> None:
        found = value(request(reports=[grade("A"), grade("BBB", received_on="2025-12-20")]))
        assert found.margin_bps == 60

    def test_an_agreement_that_has_ended_is_reset_no_more(self) -> None:
        found = value(request(reports=[grade("A", "2029-12-01")], as_of="2035-01-01"))
        assert found.next_reset is None
        assert found.history[-1].on == date(2030, 1, 15)

    @settings(max_examples=40, deadline=None)
    @given(
        reported=st.lists(
            st.tuples(st.sampled_from(GRADES), st.dates(date(2025, 1, 1), date(2029, 12, 31))),
            max_size=8,
            unique_by=lambda pair: pair[1],
        ),
        days=st.integers(0, 2000),
    )
    def test_what_was_reset_stays_reset(self, reported: list[tuple[str, date]], days: int) -> None:
        cut = date.fromordinal(date(2025, 1, 15).toordinal() + days)
        reports = [grade(to, on.isoformat()) for to, on in reported]
        known = [item for item in reports if item["received_on"] <= cut.isoformat()]
        then, now = value(request(reports=known, as_of=cut)), value(request(reports=reports, as_of="2030-06-01"))
        assert now.history[: len(then.history)] == then.history


class TestWhatIsNotReported:
    @pytest.mark.parametrize("reports", [[], [figure(DSCR, None)], [figure(DSCR, "1.6", "2025-06-01")]])
    def test_unknown_is_never_a_discount(self, reports: list[dict[str, Any]]) -> None:
        """Nothing reported, reported as not known, and too old: a person decides and the margin stays."""
        found = standing(request({"clauses": [cover()]}, reports))
        assert found.outcome is Outcome.REFER
        assert [(item.code, item.subject) for item in found.reasons] == [("NOT_REPORTED", "dscr")]
        assert found.value is not None
        assert found.value.margin_bps == 60
        assert found.value.history[-1].margin_bps is None

    @pytest.mark.parametrize(("says", "margin"), [("original", 60), ("worst", 110)])
    def test_the_contract_may_say_what_silence_costs(self, says: str, margin: int) -> None:
        terms = {"clauses": [cover(if_unreported=says)], "above_original_bps": 200}
        found = standing(request(terms, []))
        assert found.outcome is Outcome.PASS
        assert found.value is not None
        assert found.value.margin_bps == margin

    def test_a_later_reset_that_concludes_settles_it(self) -> None:
        terms = {"clauses": [cover()]}
        found = standing(request(terms, [figure(DSCR, "1.6", "2026-12-31")], as_of="2027-02-01"))
        assert found.outcome is Outcome.PASS
        assert found.value is not None
        assert [item.margin_bps for item in found.value.history] == [None, 55]


class TestOrder:
    @settings(max_examples=60, deadline=None)
    @given(
        better=st.integers(0, 6),
        worse=st.integers(0, 6),
        both_ways=st.booleans(),
        above=st.integers(0, 60),
        dscr=st.decimals("0.5", "2.5", places=4),
        drop=st.decimals("0", "1", places=4),
    )
    def test_a_worse_report_never_lowers_the_margin(
        self, better: int, worse: int, both_ways: bool, above: int, dscr: Any, drop: Any
    ) -> None:
        better, worse = sorted((better, worse))
        terms: dict[str, Any] = {"clauses": [esg(both_ways=both_ways), cover()], "above_original_bps": above}
        good, bad = (
            value(request(terms, [grade(GRADES[place]), figure(DSCR, str(ratio))]))
            for place, ratio in ((better, dscr), (worse, dscr - drop * dscr))
        )
        assert good.margin_bps <= bad.margin_bps <= 60 + above
        for found in (good, bad):
            assert found.lowest_margin_bps <= found.margin_bps <= found.highest_margin_bps

    def test_every_step_is_in_the_trace(self) -> None:
        found = standing(request({"clauses": [esg(), cover()]}, [grade("A"), figure(DSCR, "1.4")]))
        steps = {step.step: step for step in found.trace}
        assert steps["margin_reset/2026-01-15/esg"].inputs["evidence"] == "e" * 64
        assert steps["margin_reset/2026-01-15/dscr/KEPT"].rule == f"{DSCR} [1.30, 1.50)"
        assert steps["margin_reset/2026-01-15/margin"].result == "50"


class TestRefusals:
    @pytest.mark.parametrize(
        ("terms", "reports", "fields", "code"),
        [
            (
                {"clauses": [cover(fact="finance.nothing"), efficiency(fact="borrower.segment")]},
                [],
                ("terms/clauses/0/fact", "terms/clauses/1/fact"),
                "fact_unknown",
            ),
            (
                {
                    "clauses": [
                        cover(bands=[{"id": "A", "when": ">= 1", "adjustment_bps": 0}]),
                        efficiency(bands=[{"id": "A", "when": "one or more", "adjustment_bps": 0}]),
                    ]
                },
                [],
                ("terms/clauses/0/bands", "terms/clauses/1/bands"),
                "bands_not_whole",
            ),
            ({}, [grade("B-")], ("reports/0/grade",), "grade_unknown"),
            ({}, [grade("A"), grade("AA")], ("reports/1",), "report_repeated"),
        ],
    )
    def test_everything_wrong_with_a_clause_is_named(
        self, terms: dict[str, Any], reports: list[dict[str, Any]], fields: tuple[str, ...], code: str
    ) -> None:
        with pytest.raises(Inadmissible) as refusal:
            standing(request(terms, reports))
        assert (refusal.value.fields, refusal.value.code) == (fields, code)

    @pytest.mark.parametrize(
        ("terms", "kind"),
        [
            ({"first_reset": "2024-01-01"}, "dates_out_of_order"),
            ({"every_months": 1, "ends_on": "2036-01-15"}, "too_many_resets"),
            ({"clauses": [esg(), efficiency(id="esg")]}, "clause_repeated"),
            ({"clauses": [esg(), esg(id="esg2")]}, "agency_repeated"),
            ({"clauses": [esg(baseline="D")]}, "grades_wrong"),
        ],
    )
    def test_terms_that_contradict_themselves(self, terms: dict[str, Any], kind: str) -> None:
        with pytest.raises(ValidationError) as refusal:
            request(terms)
        assert refusal.value.errors()[0]["type"] == kind
