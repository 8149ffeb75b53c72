"""Ties between parties: who owns whom, and what they share (R9, C3).

Owners count with what they hold through others: shares along a chain multiply, chains to the same holder add up. A share
that nobody stated may be the whole of it. Telephones and addresses tie two parties unless too many have them.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from domain.application import ApplicationContent, Party, PartyRole
from domain.facts import known
from domain.integrity import Tie, TieKind
from domain.money import RATE_SCALE, rounded
from policy.engine.integrity import IntegrityPolicy, OwnershipRules
from services.origination.calc.case_facts import total
from services.origination.calc.integrity.examination import Examination, IntegrityInputs

_WORDS = {
    TieKind.OWNER: ("受同一所有者控制或互为所有者", "one owner, or one owns the other"),
    TieKind.DIRECTOR: ("董事、监事或高管相同", "a director in common"),
    TieKind.PHONE: ("联系电话相同", "a telephone in common"),
    TieKind.ADDRESS: ("地址相同", "an address in common"),
    TieKind.ACCOUNT: ("收款账户相同", "an account in common"),
}


@dataclass(frozen=True)
class Relation:
    """Why two parties are one interest; ``through`` is a code or a digest."""

    kind: TieKind
    through: str


class OwnershipGraph:
    """The ties of some parties. Both readings of the same graph are bounded by the policy's hops."""

    def __init__(self, ties: Iterable[Tie], shared: Iterable[str], rules: OwnershipRules) -> None:
        self._rules = rules
        self._owners: dict[str, dict[str, Decimal]] = defaultdict(dict)
        self._marks: dict[str, set[tuple[TieKind, str]]] = defaultdict(set)
        too_common = frozenset(shared)
        for tie in ties:
            if tie.kind is TieKind.OWNER:
                share = Decimal(1) if tie.share is None else tie.share
                # Two papers may state one share each: the larger counts, and neither is added to the other.
                held = self._owners[tie.subject].get(tie.other, Decimal(0))
                self._owners[tie.subject][tie.other] = max(held, share)
            elif tie.other not in too_common:
                self._marks[tie.subject].add((tie.kind, tie.other))

    def holders(self, party: str) -> dict[str, Decimal]:
        """Who holds how much of a party, directly and through others, down to the policy's hops; the party itself is not
        among them. Shares that go round in a circle are followed once."""
        found: dict[str, Decimal] = defaultdict(Decimal)

        def follow(name: str, share: Decimal, path: tuple[str, ...]) -> None:
            if len(path) > self._rules.hops:
                return
            for owner, part in sorted(self._owners.get(name, {}).items()):
                if owner in path:
                    continue
                found[owner] += share * part
                follow(owner, share * part, (*path, owner))

        follow(party, Decimal(1), (party,))
        return {owner: rounded(min(share, Decimal(1)), RATE_SCALE) for owner, share in found.items()}

    def controllers(self, party: str) -> frozenset[str]:
        """The party and everybody who holds at least the controlling share of it."""
        least = self._rules.controlling_share
        return frozenset({party, *(owner for owner, share in self.holders(party).items() if share >= least)})

    def relation(self, one: str, other: str) -> Relation | None:
        """Why two parties are one interest; ``None`` where nothing ties them."""
        common = self.controllers(one) & self.controllers(other)
        if common:
            return Relation(TieKind.OWNER, min(common))
        marks = self._marks.get(one, set()) & self._marks.get(other, set())
        if marks:
            kind, through = min(marks, key=lambda mark: (list(TieKind).index(mark[0]), mark[1]))
            return Relation(kind, through)
        return None


def graph_of(inputs: IntegrityInputs, policy: IntegrityPolicy) -> OwnershipGraph:
    return OwnershipGraph(inputs.ties, inputs.shared, policy.ownership)


def counterparties(content: ApplicationContent) -> list[tuple[str, str, str]]:
    """Pointer, code and role of those who sell to the borrower and buy from it, each once."""
    found: dict[str, tuple[str, str, str]] = {}
    for index, party in enumerate(content.parties):
        if party.role in (PartyRole.SUPPLIER, PartyRole.OFFTAKER):
            found.setdefault(party.uscc, (f"/parties/{index}", party.uscc, party.role.value))
    for index, contract in enumerate(content.contracts):
        found.setdefault(contract.buyer_uscc, (f"/contracts/{index}", contract.buyer_uscc, PartyRole.OFFTAKER.value))
    for index, payee in enumerate(content.payees):
        found.setdefault(payee.uscc, (f"/payees/{index}", payee.uscc, PartyRole.SUPPLIER.value))
    return list(found.values())


def related_counterparty(
    seen: Examination, inputs: IntegrityInputs, content: ApplicationContent, policy: IntegrityPolicy
) -> None:
    """R9: buyers and suppliers who are the borrower's own interest. What they buy is no revenue to lend on."""
    borrower = content.party(PartyRole.BORROWER)
    if borrower is None:
        return
    graph = graph_of(inputs, policy)
    told = _told_of(inputs)
    for pointer, uscc, role in counterparties(content):
        if uscc == borrower.uscc:
            continue
        relation = graph.relation(borrower.uscc, uscc)
        unknown = next((party for party in (borrower.uscc, uscc) if party not in told), None)
        if relation is None and unknown is not None:
            seen.silent(
                f"无 {unknown} 的股权及联系信息，无法判断关联",
                f"nothing is known of who stands behind {unknown}: whether it is related cannot be told",
            )
            continue
        seen.look(
            f"no common holder of ≥ {policy.ownership.controlling_share}, no shared director, telephone, address, account",
            "none" if relation is None else relation.kind.value,
            party=uscc,
            role=role,
        )
        if relation is not None:
            _related(seen, content, borrower, pointer, uscc, role, relation)


def _told_of(inputs: IntegrityInputs) -> frozenset[str]:
    """The parties of whom a file, the books or the registry says anything that could tie them."""
    registered = {extract.uscc for extract in inputs.registry or ()}
    return frozenset({tie.subject for tie in inputs.ties} | registered)


def _related(
    seen: Examination,
    content: ApplicationContent,
    borrower: Party,
    pointer: str,
    uscc: str,
    role: str,
    relation: Relation,
) -> None:
    zh, en = _WORDS[relation.kind]
    sales = total(
        amount
        for contract in content.contracts
        if contract.buyer_uscc == uscc and (amount := known(contract.amount)) is not None
    )
    buys = role == PartyRole.OFFTAKER.value
    seen.hit(
        "RELATED_BUYER" if buys else "RELATED_SUPPLIER",
        zh=f"{'买方' if buys else '供应商'} {uscc} 与借款人关联（{zh}）"
        + (f"，合同金额 {sales} 不应计为收入" if buys else ""),
        en=f"the {'buyer' if buys else 'supplier'} {uscc} is related to the borrower ({en})"
        + (f"; {sales} of contracts should count as no revenue" if buys else ""),
        evidence=f"{borrower.uscc} · {uscc} · {relation.kind.value} · {relation.through[:18]}",
        subject=pointer,
    )


def suspected_link(
    seen: Examination, inputs: IntegrityInputs, content: ApplicationContent, policy: IntegrityPolicy
) -> None:
    """C3: a guarantor and a supplier in common with another customer. The analyst decides whether they are one risk."""
    if content.party(PartyRole.GUARANTOR) is None or content.party(PartyRole.SUPPLIER) is None:
        return
    others = {backer.borrower_uscc for backer in inputs.common_backers}
    seen.look("guarantor and supplier not both shared with another customer", f"{len(others)} customers")
    for backer in inputs.common_backers:
        seen.hit(
            "SUSPECTED_LINK",
            zh=(
                f"与客户 {backer.borrower_uscc} 共用担保人 {backer.guarantor_uscc} 及供应商 {backer.supplier_uscc}，"
                "须调查是否构成经济依存"
            ),
            en=(
                f"the guarantor {backer.guarantor_uscc} and the supplier {backer.supplier_uscc} also stand behind the customer"
                f" {backer.borrower_uscc}: whether they depend on one another is to be investigated"
            ),
            evidence=f"{backer.borrower_uscc} · {backer.guarantor_uscc} · {backer.supplier_uscc}",
            subject="/parties",
        )
