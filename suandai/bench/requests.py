"""What a person waits for: a decision, a submission, a case page, an inbox page."""

import time
from collections.abc import Awaitable, Callable, Iterable, Sequence

import httpx
from temporalio.client import WorkflowHandle

from suandai.bench.bare_bank import BareBank, updated
from suandai.bench.course import Course
from suandai.bench.crowd import Crowd, TimedPlay
from suandai.bench.figures import Figure, spread
from suandai.walkthrough.person import Person
from suandai.walkthrough.play import CasePlay, version_tag

PAGE = 20
WARM = 5
"""Verdicts that are not measured: connections, tokens and policy are there afterwards, as they are in a bank at work."""
READERS = ("rm.yinchuan", "reviewer.ho", "approver.ho", "collateral.nanjing", "owner.xiyun", "auditor.ho")
"""Whose inboxes are opened: of a branch, of head office, of a borrower, and of one who oversees everything."""


async def decisions(
    drafted: Callable[[], Awaitable[TimedPlay]], people: Crowd, bare: BareBank, course: Course, *, cases: int
) -> list[Figure]:
    """Claims and completions over HTTP, one case at a time, each pair after a bare update of the same size."""
    sizes = course.update_bytes[len(course.update_bytes) // 2]
    bare_seconds: list[float] = []
    timings: list[tuple[str, float]] = []
    desk: WorkflowHandle[object, None] = await bare.desk()

    async def one_bare() -> None:
        bare_seconds.append(await updated(desk, sizes))

    await updated(desk, sizes)
    for _ in range(cases):
        play = await drafted()
        play.before = one_bare
        await people.carry(play)
        timings += play.timings
    await desk.signal("close")
    note = "over HTTP, with instant decisions; beside: a bare update of the same size; aim ≤ 2.5"
    return [
        made
        for name, verb in (("task_completion_ms", "complete"), ("task_claim_ms", "claim"))
        for made in spread(
            name, _ms(seconds for told, seconds in timings if told == verb), "ms", beside=_ms(bare_seconds), note=note
        )
    ]


async def submissions(drafted: Callable[[], Awaitable[TimedPlay]], bare: BareBank, *, count: int) -> list[Figure]:
    """Submissions, each after a bare start of a workflow; each case is withdrawn at once."""
    submit: list[float] = []
    start: list[float] = []
    for _ in range(count):
        play = await drafted()
        begun = time.perf_counter()
        desk = await bare.desk()
        start.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        await play.rm.answer("POST", f"/v1/applications/{play.case_id}/submit", If_Match=version_tag(play.application))
        submit.append(time.perf_counter() - begun)
        await desk.signal("close")
        await play.carry_to("due_diligence")
        await play.reread()
        await play.rm.answer(
            "POST",
            f"/v1/applications/{play.case_id}/withdraw",
            {"reason": "bench"},
            If_Match=version_tag(play.application),
        )
    return spread(
        "submit_ms",
        _ms(submit),
        "ms",
        beside=_ms(start),
        note="checked for completeness, frozen, policy pinned, start requested; beside: a bare start of a workflow",
    )


async def case_pages(person: Person, origination: str, case_id: str, *, count: int) -> list[Figure]:
    """The page of a case, by turns with a request that does nothing."""
    pages: list[float] = []
    empty: list[float] = []
    async with httpx.AsyncClient(base_url=origination, trust_env=False) as http:
        for _ in range(count):
            begun = time.perf_counter()
            (await http.get("/healthz")).raise_for_status()
            empty.append(time.perf_counter() - begun)
            begun = time.perf_counter()
            await person.get(f"/v1/applications/{case_id}")
            pages.append(time.perf_counter() - begun)
    return spread(
        "case_page_ms", _ms(pages), "ms", beside=_ms(empty), note="beside: /healthz, the same way and nothing done"
    )


async def verdicts(play: CasePlay, *, count: int) -> list[Figure]:
    """Indicative verdicts on a drafted project loan, by turns with the page of the same draft."""
    verdict: list[float] = []
    page: list[float] = []
    for _ in range(WARM):
        await play.verdict()
    for _ in range(count):
        begun = time.perf_counter()
        await play.reread()
        page.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        await play.verdict()
        verdict.append(time.perf_counter() - begun)
    return spread(
        "indicative_verdict_ms",
        _ms(verdict),
        "ms",
        beside=_ms(page),
        note="a draft of 120 servers: all products, rating, five values and five caps asked dry, nothing written; aim < 150;"
        " beside: a bare GET of the draft",
        tail=0.95,
    )


async def inbox_seconds(readers: Sequence[Person], *, count: int) -> list[float]:
    """Seconds for the first and the second page of each reader's open tasks, so many times."""
    taken: list[float] = []
    for number in range(count):
        for reader in readers:
            asked: dict[str, str | int] = {"state": "open", "limit": PAGE}
            if reader.name.startswith("auditor"):
                asked["everything"] = "true"
            begun = time.perf_counter()
            page = await reader.get("/v1/tasks", **asked)
            if number:  # the first look of each reader warms the connection and the plan
                taken.append(time.perf_counter() - begun)
            if page.get("next_cursor"):
                begun = time.perf_counter()
                await reader.get("/v1/tasks", **asked, cursor=page["next_cursor"])
                if number:
                    taken.append(time.perf_counter() - begun)
    return taken


def inbox_figures(few: int, few_seconds: Sequence[float], many: int, many_seconds: Sequence[float]) -> list[Figure]:
    """The same inboxes in a bank with few and with many tasks."""
    names = ", ".join(READERS)
    return [
        *spread(f"inbox_page_ms_{few}", _ms(few_seconds), "ms", note=f"pages of {PAGE} open tasks of {names}"),
        *spread(
            f"inbox_page_ms_{many}",
            _ms(many_seconds),
            "ms",
            beside=_ms(few_seconds),
            note=f"beside: the same with {few} tasks, both with fresh statistics; aim of the p99's ratio ≤ 1.5",
        ),
    ]


def _ms(seconds: Iterable[float]) -> list[float]:
    return [1000 * value for value in seconds]
