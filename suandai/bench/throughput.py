"""Applications a second, beside bare workflows of the same course: rounds of both by turns, on the same server and machine."""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from suandai.bench.bare_bank import BareBank
from suandai.bench.course import Course
from suandai.bench.crowd import Crowd, TimedPlay, side_by_side
from suandai.bench.figures import Figure, figure, median, spread
from suandai.bench.meter import Meter, spent

ENGINE = "temporal"
PEOPLE = "people"
"""The measuring program itself: the clients of those who decide."""


@dataclass(slots=True)
class Round:
    """Cases side by side: seconds for all, seconds of each, and processor milliseconds of each component."""

    seconds: float
    each: list[float]
    cpu_ms: dict[str, float]


@dataclass(slots=True)
class Rounds:
    real: list[Round] = field(default_factory=list)
    bare: list[Round] = field(default_factory=list)


async def compare(
    drafted: Callable[[], Awaitable[TimedPlay]],
    people: Crowd,
    bare: BareBank,
    course: Course,
    meter: Meter,
    *,
    rounds: int,
    cases: int,
    at_once: int,
) -> Rounds:
    """Rounds of real and bare cases by turns. Drafts are made before a round begins: entering data is not deciding."""
    found = Rounds()
    for _ in range(rounds):
        plays = [await drafted() for _ in range(cases)]
        found.real.append(await _round(meter, lambda: side_by_side(map(people.carry, plays), at_once)))  # noqa: B023 awaited here
        found.bare.append(await _round(meter, lambda: side_by_side((bare.case(course) for _ in range(cases)), at_once)))
    return found


async def _round(meter: Meter, work: Callable[[], Awaitable[list[float]]]) -> Round:
    before, started = meter.cpu_ms(), time.perf_counter()
    each = await work()
    seconds = time.perf_counter() - started
    return Round(seconds, each, spent(before, meter.cpu_ms()))


def figures_of(found: Rounds, course: Course, bare_course: Course, at_once: int) -> list[Figure]:
    """What the rounds say of the engine, of a hop, and of each process."""
    beside = f"bare workflows with the same commands, updates and payload sizes and no-op activities, {at_once} at once"
    real_rate, bare_rate = _rate(found.real), _rate(found.bare)
    pairs = [
        (len(real.each) / real.seconds) / (len(bare.each) / bare.seconds)
        for real, bare in zip(found.real, found.bare, strict=True)
    ]
    real_cpu, bare_cpu = _cpu_per_case(found.real), _cpu_per_case(found.bare)
    real_total, bare_total = sum(real_cpu.values()), sum(bare_cpu.values())
    hops = course.activities + len(course.update_bytes)
    made = [
        figure("applications_per_second", real_rate, "1/s", beside=bare_rate, note=beside),
        figure(
            "engine_ratio",
            median(pairs),
            "1",
            note=f"median of {len(pairs)} pairs of rounds; aim ≥ 0.6; {beside}",
        ),
        *spread(
            "application_seconds",
            _each(found.real),
            "s",
            beside=_each(found.bare),
            note=f"submission to effective; {beside}",
        ),
        figure("cpu_ms_per_application", real_total, "ms", beside=bare_total, note=f"all processes; {beside}"),
        figure(
            "hop_cpu_ms",
            (real_total - bare_total) / hops,
            "ms",
            beside=bare_total / hops,
            note=(
                f"what an activity or a person's command costs on top of the engine: services, database, HTTP, signatures,"
                f" encryption; {hops} hops a case ({course.activities} activities, {len(course.update_bytes)} updates);"
                " beside: what the engine itself takes for it"
            ),
        ),
    ]
    for name in sorted(real_cpu, key=lambda part: -real_cpu[part]):
        counterpart = bare_cpu["bare-worker"] if name == "worker" else bare_cpu.get(name)
        if name != "bare-worker":
            shown = counterpart if name in (ENGINE, "worker", PEOPLE) else None
            made.append(
                figure(f"cpu_ms_{name.replace('-', '_')}", real_cpu[name], "ms", beside=shown, note="per application")
            )
    made += [
        figure(
            "events_per_application", course.events, "1", beside=bare_course.events, note="beside: the bare workflow"
        ),
        figure(
            "history_bytes_per_application",
            course.history_bytes,
            "B",
            beside=bare_course.history_bytes,
            note="encrypted; beside: the bare workflow",
        ),
    ]
    return made


def _rate(rounds: Sequence[Round]) -> float:
    return median([len(entry.each) / entry.seconds for entry in rounds])


def _each(rounds: Sequence[Round]) -> list[float]:
    return [seconds for entry in rounds for seconds in entry.each]


def _cpu_per_case(rounds: Sequence[Round]) -> dict[str, float]:
    names = rounds[0].cpu_ms
    return {name: median([entry.cpu_ms[name] / len(entry.each) for entry in rounds]) for name in names}
