"""A bare case takes the course it was given: what it leaves in its history is what was asked for."""

import asyncio
import os
import signal
from uuid import uuid4

import pytest

from suandai.bench.bare_bank import bare_bank, updated
from suandai.bench.course import Course, Turn, course_of
from suandai.bench.crowd import side_by_side
from suandai.stack import StackError
from tests.fixtures.temporal import TemporalUnderTest

COURSE = Course(
    turns=(
        Turn(attributes=1, activities=[[(700, 12_000)], [(800, 400), (810, 410)]], timers=2, updates=2),
        Turn(activities=[[(2_000, 190)]], timers=1, updates=1),
        Turn(attributes=1, activities=[[(900, 300)]]),
    ),
    start_bytes=900,
    result_bytes=540,
    update_bytes=((1_700, 1_500), (1_800, 1_600), (1_750, 3_000)),
    events=0,
    history_bytes=0,
)
SLACK = 40
"""Bytes by which a bare payload may differ: it carries the sizes that are asked for as well."""


async def test_a_bare_case_leaves_the_history_that_was_asked_for(temporal: TemporalUnderTest) -> None:
    async with bare_bank(temporal.address, temporal.namespace) as bank:
        workflow_id = f"bench-{uuid4()}"
        seconds = await bank.case(COURSE, workflow_id)
        taken = course_of((await bank.client.get_workflow_handle(workflow_id).fetch_history()).events)
        desk = await bank.desk()
        assert 0 < await updated(desk, (1_700, 1_500)) < 30
        await desk.signal("close")
        await desk.result()
    assert seconds > 0
    assert [turn.attributes for turn in taken.turns] == [turn.attributes for turn in COURSE.turns]
    assert [turn.timers for turn in taken.turns] == [turn.timers for turn in COURSE.turns]
    assert [turn.updates for turn in taken.turns] == [turn.updates for turn in COURSE.turns]
    assert [[len(round_) for round_ in turn.activities] for turn in taken.turns] == [
        [len(round_) for round_ in turn.activities] for turn in COURSE.turns
    ]
    for mine, asked in zip(taken.turns, COURSE.turns, strict=True):
        for my_round, asked_round in zip(mine.activities, asked.activities, strict=True):
            for (given, answer), (wanted, wanted_answer) in zip(my_round, asked_round, strict=True):
                assert abs(given - wanted) <= SLACK
                assert answer == wanted_answer
    for (given, answer), (wanted, wanted_answer) in zip(taken.update_bytes, COURSE.update_bytes, strict=True):
        assert abs(given - wanted) <= SLACK
        assert answer == wanted_answer
    assert taken.activities == 5
    assert taken.result_bytes == 540


async def test_of_many_cases_at_once_none_waits_for_a_line_that_another_tore(temporal: TemporalUnderTest) -> None:
    async with bare_bank(temporal.address, temporal.namespace) as bank, asyncio.timeout(120):
        assert len(await side_by_side((bank.case(COURSE) for _ in range(40)), 20)) == 40


async def test_a_worker_that_is_gone_is_said_at_once(temporal: TemporalUnderTest) -> None:
    async with bare_bank(temporal.address, temporal.namespace) as bank, asyncio.timeout(60):
        waiting = asyncio.create_task(bank.case(COURSE))
        os.kill(bank.pid, signal.SIGKILL)
        with pytest.raises(StackError):
            await waiting
        with pytest.raises(StackError):
            await bank.case(COURSE)
