"""Consent to query the credit bureau (征信授权, 征信业管理条例 §18).

A bureau query takes a ``QueryPermit`` and nothing else, and a permit is only ever made from a consent that lies in the file:
without a stored consent there is nothing to query with.
"""

from collections.abc import Iterator
from datetime import date
from typing import Literal, final

from domain.application import ApplicationContent, PartyRole
from domain.model import Value


@final
class QueryPermit(Value):
    """The right to ask the bureau about one subject on the strength of one signed consent."""

    subject_kind: Literal["borrower", "guarantor", "principal"]
    subject_uscc: str | None
    consent_sha256: str
    signed: date


def permits(content: ApplicationContent, filed: frozenset[str], on: date) -> tuple[QueryPermit, ...]:
    """The permits the file supports on a day: signed on or before it, the signed document is there, and the subject answers for
    the loan. About a company that only stands in a consent nobody is asked."""
    borrower = content.party(PartyRole.BORROWER)
    answering = {party.uscc for party in content.parties if party.role in (PartyRole.BORROWER, PartyRole.GUARANTOR)}
    answering |= {owner.entity_uscc for owner in content.borrower.owners or () if owner.entity_uscc is not None}
    found = (
        QueryPermit(
            subject_kind=consent.subject_kind,
            subject_uscc=consent.subject_uscc
            or (borrower.uscc if borrower is not None and consent.subject_kind == "borrower" else None),
            consent_sha256=consent.document_sha256,
            signed=consent.signed,
        )
        for consent in content.borrower.query_consents or ()
        if consent.document_sha256 in filed and consent.signed <= on
    )
    return tuple(permit for permit in found if permit.subject_uscc is None or permit.subject_uscc in answering)


def uncovered(content: ApplicationContent, granted: tuple[QueryPermit, ...]) -> Iterator[tuple[str, str]]:
    """Pointer and code of every legal person whose creditworthiness matters and for whom there is no permit."""
    covered = {permit.subject_uscc for permit in granted}
    for index, party in enumerate(content.parties):
        if party.role in (PartyRole.BORROWER, PartyRole.GUARANTOR) and party.uscc not in covered:
            yield f"/parties/{index}", party.uscc
