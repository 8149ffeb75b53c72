"""The timeline of a case, read from its events: only what the sentences need is fetched, never a case's whole content."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, func, literal_column
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.casefile import TimelineEntry
from services.origination.calc.chronicle import CaseNames, RecordedEvent, line_of
from services.origination.calc.chronicle_words import Words
from services.origination.tables.cases import Contract
from services.origination.tables.events import CaseEvent
from services.origination.tables.facilities import Transfer, Utilisation
from services.origination.tables.tasks import Task

_TOLD_OF: Final = (
    "application_document",
    "commitment_entry",
    "decision",
    "facility",
    "offer",
    "transfer",
    "utilisation",
)
"""Tables whose images the sentences speak of."""
_Rows: Final[type[Select[Any]]] = Select
_BATCH: Final = 200

_STAGE: Final = func.jsonb_path_query_first(
    col(CaseEvent.payload), literal_column("""'$.rows[*] ? (@.table == "application").values.stage'::jsonpath""")
)
_ROWS: Final = func.jsonb_path_query_array(
    col(CaseEvent.payload),
    literal_column("'$.rows[*] ? ({})'::jsonpath".format(" || ".join(f'@.table == "{table}"' for table in _TOLD_OF))),
    type_=JSONB,
)


@dataclass(frozen=True)
class TimelineRequest:
    """Which part of a timeline: after a sequence number, at most so many lines, with the passing ones or without."""

    after: int
    limit: int
    all_detail: bool


async def timeline(session: AsyncSession, case_id: UUID, wanted: TimelineRequest) -> list[TimelineEntry]:
    """The lines of a case's timeline in their order."""
    names = await _names(session, case_id)
    lines: list[TimelineEntry] = []
    after = wanted.after
    while len(lines) < wanted.limit:
        batch = await _events(session, case_id, after, min(_BATCH, wanted.limit))
        for row in batch:
            entry = _entry(row, names)
            if wanted.all_detail or not entry.passing:
                lines.append(entry)
        if not batch:
            break
        after = batch[-1].seq
    return lines[: wanted.limit]


async def _events(session: AsyncSession, case_id: UUID, after: int, count: int) -> Sequence[Any]:
    statement = (
        _Rows(
            col(CaseEvent.seq),
            col(CaseEvent.kind),
            col(CaseEvent.actor),
            col(CaseEvent.at),
            col(CaseEvent.payload)["facts"].label("facts"),
            _STAGE.label("stage"),
            _ROWS.label("rows"),
        )
        .where(col(CaseEvent.case_id) == case_id, col(CaseEvent.seq) > after)
        .order_by(col(CaseEvent.seq))
        .limit(count)
    )
    return await _all(session, statement)


async def _all(session: AsyncSession, statement: Select[Any]) -> Sequence[Any]:
    return (await session.execute(statement)).all()


def _entry(row: Any, names: CaseNames) -> TimelineEntry:
    event = RecordedEvent(
        kind=row.kind,
        actor=str(row.actor.get("subject", "")),
        actor_kind=str(row.actor.get("kind", "")),
        facts=row.facts or {},
        stage=_stage(row.stage),
        rows=tuple((image["table"], image["values"]) for image in row.rows or ()),
    )
    line = line_of(event, names)
    return TimelineEntry(
        seq=row.seq,
        kind=event.kind,
        actor=event.actor,
        actor_kind=event.actor_kind,
        at=row.at,
        stage=event.stage,
        text_zh=line.text_zh,
        text_en=line.text_en,
        outcome=line.outcome,
        reason=line.reason,
        passing=line.passing,
    )


def _stage(value: Any) -> str | None:
    """The stage the case was in after the event, where the event moved it."""
    return value if isinstance(value, str) else None


async def _names(session: AsyncSession, case_id: UUID) -> CaseNames:
    """What the tasks, conditions, drawings and transfers of the case are called."""
    tasks = await _all(
        session,
        _Rows(col(Task.id), col(Task.body)["title_zh"].astext, col(Task.body)["title_en"].astext).where(
            col(Task.case_id) == case_id
        ),
    )
    drawings = await _all(
        session, _Rows(col(Utilisation.id), col(Utilisation.number)).where(col(Utilisation.case_id) == case_id)
    )
    agreed = _Rows(col(Contract.data)["conditions"]).where(col(Contract.case_id) == case_id).order_by(col(Contract.id))
    payments = _Rows(
        col(Transfer.id),
        col(Transfer.end_to_end_id),
        col(Transfer.payee_name),
        col(Transfer.amount),
        col(Transfer.currency),
    ).where(col(Transfer.case_id) == case_id)
    transfers: dict[str, Words] = {}
    for transfer_id, end_to_end_id, payee, amount, currency in await _all(session, payments):
        said = Words(f"{payee} {amount} {currency}", f"{amount} {currency} to {payee}")
        transfers[str(transfer_id)] = transfers[end_to_end_id] = said
    return CaseNames(
        tasks={str(task_id): Words(_title(zh), _title(en)) for task_id, zh, en in tasks},
        conditions={
            str(term["code"]): Words(str(term["title_zh"]), str(term["title_en"]))
            for (terms,) in await _all(session, agreed)
            for term in terms or ()
        },
        transfers=transfers,
        utilisations={str(utilisation_id): number for utilisation_id, number in drawings},
    )


def _title(title: str | None) -> str:
    """A task's title without the case's number, which every line of the page would repeat."""
    return (title or "").partition(" · ")[0]
