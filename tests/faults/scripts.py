"""The scripts that cases of the stream follow, and where each ends."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.faults.people import PatientPlay

Script = Callable[[PatientPlay], Awaitable[None]]


@dataclass(frozen=True)
class Story:
    """What people do with a case, and where it ends whatever happens to the machines."""

    name: str
    play: Script
    stage: str
    paid: bool = False


async def _not_eligible(play: PatientPlay) -> None:
    """Screening declines what the product does not take; nobody is asked."""
    borrower = play.files.json("application.json")["borrower"]
    await play.submitted(borrower=borrower | {"chain_segment": {"value": "real_estate"}})
    await play.ends_at("declined")


async def _withdrawn(play: PatientPlay) -> None:
    """The borrower finds the money elsewhere while the investigators are at work."""
    await play.submitted()
    await play.task("co_investigation")
    await play.rm.post(f"/v1/applications/{play.case_id}/withdraw", {"reason": "借款人另有融资安排"})
    await play.ends_at("withdrawn")


async def _turned_down(play: PatientPlay) -> None:
    """The second investigator does not believe the order."""
    await play.submitted()
    await play.do(await play.task("co_investigation"), outcome="reject", comment="订单真实性存疑")
    await play.ends_at("declined")


async def _refused(play: PatientPlay) -> None:
    """Assessed, and refused by the reviewer."""
    await play.submitted()
    await play.carry_to("review")
    await play.do(await play.task("review"), outcome="reject", comment="还款来源不足")
    await play.ends_at("declined")


async def _paid(play: PatientPlay) -> None:
    """All the way to a payment. A drawing whose instruction was lost on its way fails, and is asked for again."""
    await play.submitted()
    await play.carry_to("effective")
    await play.find_facility()
    stage = "failed"
    while stage == "failed":
        await play.ask_for_drawing()
        stage = await play.see_drawing_to("paid", "failed")


NOT_ELIGIBLE = Story("not eligible", _not_eligible, "declined")
WITHDRAWN = Story("withdrawn", _withdrawn, "withdrawn")
TURNED_DOWN = Story("turned down", _turned_down, "declined")
REFUSED = Story("refused", _refused, "declined")
PAID = Story("paid", _paid, "effective", paid=True)
STORIES = (NOT_ELIGIBLE, WITHDRAWN, TURNED_DOWN, REFUSED, PAID)

_ROUND = (
    *(PAID,) * 2,
    *(REFUSED,) * 1,
    *(TURNED_DOWN,) * 7,
    *(WITHDRAWN,) * 8,
    *(NOT_ELIGIBLE,) * 22,
)
"""Of forty cases two are paid: most that a bank sees end early, and a paid one costs as much as ten of those."""


def stories(cases: int) -> list[Story]:
    """The stories of a stream: each once, to be played before anything is struck, then a mixture."""
    mixed = [_ROUND[number * 7 % len(_ROUND)] for number in range(max(0, cases - len(STORIES)))]
    return [*STORIES, *mixed]
