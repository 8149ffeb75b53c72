"""A year of a facility whose margin moves: facts reported, checked by somebody else, and read on the agreement's own days."""

import asyncio
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from temporalio import activity
from temporalio.client import WorkflowUpdateFailedError

from domain.calendar import end_of_day
from domain.finding import Finding, FindingRef
from domain.margin_ratchet import MarginAgreement, MarginClauses, MarginResetRequest, MarginStanding, reset_days
from domain.money import yuan
from domain.process import (
    RECORD_DRAWING,
    REPORT_MARGIN_FACT,
    CaseOpening,
    CaseStep,
    CommandResult,
    DrawingRecord,
    MarginReportCommand,
    MarginStep,
    SignedMarginReportCommand,
)
from domain.roles import Role
from domain.tasks import HumanTask, TaskOutcome, TaskType, Verb
from services.pricing.calc.ratchet import margin_standing
from tests.fixtures.temporal import TemporalUnderTest
from tests.pricing.conftest import book
from tests.pricing.ratchets import cover, esg
from tests.pricing.requests import common
from tests.pricing.vintages import LPR, dated
from tests.workflows.books import RULEBOOK, Books, today
from tests.workflows.people import Desk
from tests.workflows.stage import Stage, stage_on

BUILD = "a-year-of-margins"
ORIGINAL = 60


class BooksWithAMargin(Books):
    """Books of an agreement with clauses; its resets are concluded as the pricing service concludes them."""

    def __init__(self) -> None:
        super().__init__()
        clauses = MarginClauses.model_validate(
            {"first_reset_months": 3, "every_months": 3, "above_original_bps": 25, "clauses": [esg(), cover()]}
        )
        terms = clauses.terms(ORIGINAL, today(), today() + timedelta(days=3650))
        assert terms is not None
        case = common(book())
        self.margin = MarginAgreement.model_validate(
            {
                **{name: case[name] for name in ("product", "lender_id", "policy_sha256")},
                "pinned_on": today(),
                "base": {"tenor": "1Y", "fixed_on": today()},
                "terms": terms,
            }
        )
        self.standings: list[MarginStanding] = []

    @activity.defn(name="open_case")
    async def do_open_case(self, step: CaseStep) -> CaseOpening:
        levels = {TaskType.MARGIN_REPORT_CHECK.value: 3}
        rulebook = RULEBOOK.model_copy(update={"sla_business_days": levels})
        return (await super().do_open_case(step)).model_copy(update={"rulebook": rulebook})

    @activity.defn(name="reset_margin")
    async def do_reset_margin(self, step: MarginStep) -> FindingRef:
        self._note("margin_reset", step)
        agreed = step.agreement
        request = MarginResetRequest(
            **common(book())
            | {"as_of": step.as_of, "pinned_on": agreed.pinned_on, "base": agreed.base}
            | {"terms": agreed.terms, "reports": step.reports}
        )
        conclusion = margin_standing(request, book(), dated("lpr", LPR))
        assert conclusion.value is not None
        self.standings.append(conclusion.value)
        finding: Finding[Any] = conclusion.finding(
            request, Finding[MarginStanding], finding_id=uuid4(), made_at=end_of_day(step.as_of, RULEBOOK.cut_off)
        )
        return finding.ref()


async def day_of(stage: Stage, desk: Desk) -> date:
    return RULEBOOK.today(await stage.now(desk))


async def report(desk: Desk, books: BooksWithAMargin, subject: str = "monitor", **said: Any) -> HumanTask:
    command = MarginReportCommand.model_validate(
        {
            "facility_id": books.facility_id,
            "statement": {"evidence": "e" * 64, **said},
            "subject": subject,
            "roles": (Role.MONITOR.value,),
        }
    )
    result = await desk.handle.execute_update(
        REPORT_MARGIN_FACT, SignedMarginReportCommand(command=command, assertion=""), result_type=CommandResult
    )
    [task] = result.tasks
    return task


async def opened(books: Books) -> None:
    """Wait until the process has read its opening, and said so."""
    async with asyncio.timeout(30):
        while not books.asked("report_progress"):
            await asyncio.sleep(0.02)


async def past(stage: Stage, desk: Desk, day: date) -> None:
    await stage.pass_until(desk, end_of_day(day, RULEBOOK.cut_off) + timedelta(hours=2))


async def test_a_margin_falls_rises_and_waits_over_a_year(temporal: TemporalUnderTest) -> None:
    books = BooksWithAMargin()
    assert books.margin is not None
    first, second, third, fourth = list(reset_days(books.margin.terms))[:4]
    assert {day.day for day in (first, second, third, fourth)} == {21}, "a reset begins an interest period"
    async with stage_on(temporal, BUILD, books=books) as stage:
        facility = await stage.facility()
        await opened(books)
        drawn = DrawingRecord(utilisation_id=uuid4(), amount=yuan(80_000_000), paid_on=today())
        await facility.handle.signal(RECORD_DRAWING, drawn)
        day = await day_of(stage, facility)
        graded = await report(facility, books, kind="grade", agency="江苏银行", grade="A", on=day)
        covered = await report(
            facility, books, kind="figure", fact="finance.debt_service_cover", figure="1.60000000", on=day
        )
        assert graded.title_zh.startswith(f"调价依据复核：江苏银行 {day}")
        with pytest.raises(WorkflowUpdateFailedError) as own:
            await facility.act(graded, Verb.CLAIM, "monitor", Role.MONITOR)
        assert getattr(own.value.cause, "details", [{}])[0]["rule"] == "MARGIN_REPORT_SAME_PERSON"
        await facility.do(graded)
        await facility.do(covered)
        refused = await report(facility, books, kind="grade", agency="江苏银行", grade="AAA", on=day)
        await facility.do(refused, TaskOutcome.REJECT, comment="证明文件不符")

        await past(stage, facility, first)
        [standing] = books.standings
        assert (standing.margin_bps, standing.in_force_since) == (ORIGINAL - 10 - 5, first), (
            "a notch up, an ample cover"
        )

        day = await day_of(stage, facility)
        slipped = await report(
            facility, books, kind="figure", fact="finance.debt_service_cover", figure="1.15000000", on=day
        )
        await facility.do(slipped)
        await past(stage, facility, second)
        assert books.standings[-1].margin_bps == ORIGINAL - 10 + 25, (
            "a cover that slips raises it, the grade still counts"
        )
        assert books.standings[-1].highest_margin_bps == ORIGINAL + 25, "and never above what the agreement allows"

        await past(stage, facility, third)
        assert books.standings[-1].margin_bps == ORIGINAL + 15, "without a new figure the margin before it goes on"
        assert books.standings[-1].history[-1].margin_bps is None
        [open_question] = await facility.tasks(TaskType.MARGIN_RESET_REVIEW)
        assert open_question.title_zh.startswith(f"重定价待决：{third}")
        await facility.do(open_question)

        late = await report(
            facility, books, kind="figure", fact="finance.debt_service_cover", figure="1.40000000", on=third
        )
        await past(stage, facility, fourth)
        assert books.standings[-1].history[-1].margin_bps is None, "what nobody has checked is not received"
        [risen] = [task for task in await facility.tasks(TaskType.MARGIN_REPORT_CHECK) if task.is_open]
        assert (risen.task_id, risen.escalation_level) == (late.task_id, 3), "overdue, it rises like every task"
        assert await day_of(stage, facility) > today() + timedelta(days=360)
        steps = books.asked("margin_reset")
        assert [step.as_of for step in steps] == [first, second, third, fourth]
        assert [len(step.reports) for step in steps] == [2, 3, 3, 3]
        assert all(item.on <= item.received_on <= second for item in steps[-1].reports)


async def test_a_facility_with_a_fixed_margin_takes_no_report_and_resets_nothing(temporal: TemporalUnderTest) -> None:
    books = BooksWithAMargin()
    books.margin = None
    async with stage_on(temporal, BUILD, books=books) as stage:
        facility = await stage.facility()
        await opened(books)
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await report(facility, books, kind="grade", agency="江苏银行", grade="A", on=today())
        assert getattr(refused.value.cause, "type", "") == "no_margin_clause"
        await stage.pass_time(facility, timedelta(days=200))
        assert books.asked("margin_reset") == []


async def test_nothing_is_reset_and_nobody_asked_after_the_facility_ended(temporal: TemporalUnderTest) -> None:
    books = BooksWithAMargin()
    async with stage_on(temporal, BUILD, books=books) as stage:
        facility = await stage.facility()
        await opened(books)
        await report(facility, books, kind="grade", agency="江苏银行", grade="A", on=today())
        await stage.pass_time(facility, timedelta(days=370))
        assert await facility.handle.result() == "cancelled"
        assert books.margin is not None
        due = [day for day in reset_days(books.margin.terms) if day <= today() + timedelta(days=365)]
        assert [standing.history[-1].on for standing in books.standings] == due, "never drawn, it lapsed after a year"
        [last] = [task for task in (await facility.position()).tasks if task.type is TaskType.MARGIN_REPORT_CHECK]
        assert not last.is_open
