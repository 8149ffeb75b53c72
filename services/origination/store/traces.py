"""Laying down what a case leaves behind, and looking for it in all other cases. Every look-up goes by index."""

import statistics
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert
from sqlalchemy import select as core_select
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.application import ApplicationContent, AssetKind, AssetLine, PartyRole
from domain.application.invoices import Invoice, digital_number, document_mark, invoice_mark
from domain.canonical import sha256_of
from domain.facts import known
from domain.money import UNIT_PRICE_SCALE, rounded
from domain.stages import Stage
from services.kit.database import new_id
from services.origination.calc.integrity.prices import per_gpu
from services.origination.calc.integrity.ties import Digest, lasting_ties, plain
from services.origination.calc.repeated import receivable_mark
from services.origination.store import drafting
from services.origination.store.case_rows import table_of
from services.origination.store.events import keys_of
from services.origination.tables.base import OriginationTable
from services.origination.tables.cases import Application
from services.origination.tables.facilities import Utilisation
from services.origination.tables.traces import (
    InvoiceTrace,
    PartyTrace,
    PledgeTrace,
    PriceTrace,
    TieTrace,
    TracedCase,
    TradeTrace,
)

Row = dict[str, Any]

_FIXED = frozenset({AssetKind.GPU_SERVER, AssetKind.NETWORK_STORAGE, AssetKind.POWER_COOLING, AssetKind.CIVIL_WORKS})
ASSET_VENDOR = "asset_vendor"
GONE = (Stage.DECLINED.value, Stage.WITHDRAWN.value, Stage.EXPIRED.value)
"""Ends without a facility: what such a case has left counts no more."""
MOST_FOUND = 200
"""So many of one kind are named; more would say no more."""


async def leave_traces(session: AsyncSession, row: Application, content: ApplicationContent) -> None:
    """Lay down the traces of a case's frozen content, in place of those of an earlier version."""
    digest = keys_of(session).digest
    found: dict[type[OriginationTable], list[Row]] = {
        PledgeTrace: _pledges(content),
        InvoiceTrace: _invoices(content),
        PartyTrace: _parties(content),
        TieTrace: _ties(content, digest),
        TradeTrace: _trade(content, row.pinned_on),
        PriceTrace: _prices(content),
    }
    connection = await session.connection()
    for kind, rows in found.items():
        table = table_of(kind)
        gone = delete(table).where(table.c.of_case == row.case_id)
        await connection.execute(gone.where(table.c.of_drawing.is_(None)) if kind is InvoiceTrace else gone)
        if rows:
            await connection.execute(insert(table), [{"id": new_id(), "of_case": row.case_id, **item} for item in rows])
    traced = table_of(TracedCase)
    await connection.execute(delete(traced).where(traced.c.of_case == row.case_id))
    await connection.execute(insert(traced).values(of_case=row.case_id, content_version=row.content_version))


async def leave_drawing(session: AsyncSession, row: Utilisation) -> None:
    """Lay down the invoices of a drawing as it is asked for, before anything else is decided on it."""
    table = table_of(InvoiceTrace)
    rows = drawing_invoices(row)
    if rows:
        connection = await session.connection()
        values = [{"id": new_id(), "of_case": row.case_id, "of_drawing": row.id, **item} for item in rows]
        await connection.execute(insert(table), values)


async def left_untraced(session: AsyncSession, most: int) -> Sequence[UUID]:
    """Submitted cases whose newest content has left no traces yet, the oldest first."""
    cases, traced = table_of(Application), table_of(TracedCase)
    waiting = (
        core_select(cases.c.case_id)
        .outerjoin(traced, traced.c.of_case == cases.c.case_id)
        .where(
            cases.c.submitted_at.is_not(None),
            traced.c.content_version.is_(None) | (traced.c.content_version != cases.c.content_version),
        )
        .order_by(cases.c.case_id)
        .limit(most)
    )
    return (await (await session.connection()).execute(waiting)).scalars().all()


async def trace_left(session: AsyncSession, case_id: UUID) -> None:
    """Lay down the traces of a case that was submitted before there were any, with those of its drawings."""
    found = await session.exec(select(Application).where(Application.case_id == case_id).with_for_update())
    row = found.one()
    await leave_traces(session, row, await drafting.frozen_content(session, row))
    table = table_of(InvoiceTrace)
    connection = await session.connection()
    await connection.execute(delete(table).where(table.c.of_case == case_id, table.c.of_drawing.is_not(None)))
    for drawing in await session.exec(select(Utilisation).where(col(Utilisation.case_id) == case_id)):
        await leave_drawing(session, drawing)


# --- what a file leaves ------------------------------------------------------------------------------------------------


def pledge_marks(content: ApplicationContent) -> list[tuple[str, str, str]]:
    """Asset key, what it is, and mark, of everything offered that is no server."""
    contracts = {contract.key: contract for contract in content.contracts}
    found = []
    for asset in content.assets:
        contract = contracts.get(asset.contract_key or "")
        if contract is not None:
            found.append((asset.key, "receivable", receivable_mark(contract)))
        found += [(asset.key, what, mark) for what, mark in _data_marks(asset)]
    return found


def _data_marks(asset: AssetLine) -> list[tuple[str, str]]:
    terms = asset.data_terms
    if terms is None:
        return []
    content, certificate = known(terms.content_sha256), known(terms.certificate)
    found = [("data_content", sha256_of(["data_content", content]))] if content is not None else []
    if certificate is not None:
        found.append(("data_certificate", sha256_of(["data_certificate", plain(certificate)])))
    return found


def _pledges(content: ApplicationContent) -> list[Row]:
    return [{"asset_key": key, "what": what, "mark": mark} for key, what, mark in pledge_marks(content)]


def invoice_row(invoice: Invoice, pointer: str) -> Row:
    issued, amount, check = invoice.particulars()
    particulars = sha256_of([issued.isoformat(), amount, check])
    return {"mark": invoice.mark(), "particulars": particulars, "pointer": pointer}


def _invoices(content: ApplicationContent) -> list[Row]:
    rows = [
        invoice_row(invoice, f"/contracts/{index}/invoices/{place}")
        for index, contract in enumerate(content.contracts)
        for place, invoice in enumerate(contract.invoices or ())
    ]
    numbers: dict[str, str] = {}
    for index, asset in enumerate(content.assets):
        for place, server in enumerate(asset.servers):
            number = digital_number(server.invoice_number)
            if number is not None:
                # One invoice covers many servers of a delivery: it is used once.
                numbers.setdefault(number, f"/assets/{index}/servers/{place}/invoice_number")
    rows += [
        {"mark": invoice_mark(None, number), "particulars": "", "pointer": pointer}
        for number, pointer in numbers.items()
    ]
    return list({row["mark"]: row for row in reversed(rows)}.values())


def drawing_invoices(row: Utilisation) -> list[Row]:
    """The uses of invoices by a drawing: each invoice by its face, each document by its content."""
    faces = [Invoice.model_validate(item) for item in row.invoice_details or ()]
    rows = [invoice_row(invoice, f"/invoice_details/{place}") for place, invoice in enumerate(faces)]
    rows += [
        {"mark": document_mark(sha256), "particulars": "", "pointer": f"/invoices/{place}"}
        for place, sha256 in enumerate(row.invoices)
    ]
    return list({item["mark"]: item for item in reversed(rows)}.values())


def _parties(content: ApplicationContent) -> list[Row]:
    borrower = content.party(PartyRole.BORROWER)
    if borrower is None:
        return []
    acquires = any(asset.kind in _FIXED and not asset.existing for asset in content.assets)
    places = {(party.role.value, party.uscc) for party in content.parties if party.role is not PartyRole.BORROWER}
    if acquires:
        places |= {(ASSET_VENDOR, uscc) for role, uscc in places if role == PartyRole.SUPPLIER.value}
    return [{"borrower_uscc": borrower.uscc, "role": role, "uscc": uscc} for role, uscc in sorted(places)]


def _ties(content: ApplicationContent, digest: Digest) -> list[Row]:
    return [tie.model_dump() | {"kind": tie.kind.value} for tie in lasting_ties(content, digest)]


def _trade(content: ApplicationContent, submitted: date | None) -> list[Row]:
    borrower = content.party(PartyRole.BORROWER)
    day = content.application_date or submitted
    if borrower is None or day is None:
        return []
    rows = []
    for contract in content.contracts:
        signed = known(contract.signed) or day
        leg = {"payer": contract.buyer_uscc, "payee": borrower.uscc, "on_day": signed}
        rows.append(leg | {"source": "contract", "reference": contract.number})
    for payee in content.payees:
        leg = {"payer": borrower.uscc, "payee": payee.uscc, "on_day": payee.due or day}
        rows.append(leg | {"source": "purchase", "reference": payee.contract_reference or payee.key})
    return rows


def _prices(content: ApplicationContent) -> list[Row]:
    by_type: dict[str, list[Decimal]] = {}
    for asset in content.assets:
        for server in asset.servers:
            if server.condition == "new":
                by_type.setdefault(server.gpu_type, []).append(per_gpu(server))
    return [
        {"gpu_type": gpu_type, "per_gpu": rounded(statistics.median_low(prices), UNIT_PRICE_SCALE)}
        for gpu_type, prices in sorted(by_type.items())
    ]
