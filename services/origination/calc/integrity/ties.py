"""The ties a file states of its parties, with persons, telephones, addresses and accounts as digests.

A person's name is no identity: it is compared inside one case only, where two parties with a director of one name are worth a
question; over cases persons are compared by what the business registry knows them by.
"""

from collections.abc import Callable, Iterable
from uuid import UUID

from domain.application import ApplicationContent, Owner, PartyRole
from domain.application.serials import folded_width
from domain.integrity import Tie, TieKind

Digest = Callable[[str], str]
"""A keyed digest of a text (``Keyring.digest``)."""


def plain(text: str) -> str:
    """A telephone or address as it is compared: width, case, spaces and punctuation make no other one of it."""
    return "".join(character for character in folded_width(text).casefold() if character.isalnum())


def account_digest(account: str, digest: Digest) -> str:
    return digest(f"account:{plain(account)}")


def lasting_ties(content: ApplicationContent, digest: Digest) -> list[Tie]:
    """The ties that hold over all cases: companies as owners, telephones, addresses and accounts."""
    found: dict[tuple[str, TieKind, str], Tie] = {}

    def tie(subject: str, kind: TieKind, other: str, owner: Owner | None = None) -> None:
        share = owner.share if owner is not None else None
        found.setdefault((subject, kind, other), Tie(subject=subject, kind=kind, other=other, share=share))

    for party in content.parties:
        for owner in owners_of(content, party.uscc):
            if owner.entity_uscc is not None and owner.entity_uscc != party.uscc:
                tie(party.uscc, TieKind.OWNER, owner.entity_uscc, owner)
        record = party.record
        if record is not None:
            for number in record.telephones:
                tie(party.uscc, TieKind.PHONE, digest(f"phone:{plain(number)}"))
            for address in record.addresses:
                tie(party.uscc, TieKind.ADDRESS, digest(f"address:{plain(address)}"))
    for payee in content.payees:
        tie(payee.uscc, TieKind.ACCOUNT, account_digest(payee.account, digest))
    return list(found.values())


def personal_ties(content: ApplicationContent, case_id: UUID, digest: Digest) -> list[Tie]:
    """The ties by persons, good inside the case only."""
    found = []
    for party in content.parties:
        found += owner_ties(party.uscc, owners_of(content, party.uscc), case_id, digest)
        for name in party.record.directors if party.record is not None else ():
            found.append(Tie(subject=party.uscc, kind=TieKind.DIRECTOR, other=_person(name, case_id, digest)))
    return list(dict.fromkeys(found))


def owner_ties(subject: str, owners: Iterable[Owner], case_id: UUID, digest: Digest) -> list[Tie]:
    """The ties of a company to the persons who own it, by name inside a case."""
    return [
        Tie(subject=subject, kind=TieKind.OWNER, other=_person(owner.person_name, case_id, digest), share=owner.share)
        for owner in owners
        if owner.person_name is not None
    ]


def owners_of(content: ApplicationContent, uscc: str) -> list[Owner]:
    """The owners that the file states of a party; of the borrower those of its profile as well."""
    borrower = content.party(PartyRole.BORROWER)
    found = list(content.borrower.owners or ()) if borrower is not None and borrower.uscc == uscc else []
    for party in content.parties:
        if party.uscc == uscc and party.record is not None:
            found += party.record.owners
    return found


def _person(name: str, case_id: UUID, digest: Digest) -> str:
    return digest(f"person:{case_id}:{plain(name)}")
