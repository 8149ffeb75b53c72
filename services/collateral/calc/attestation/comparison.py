"""A site's statement against the pledged list, server by server."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from domain.application.serials import gpu_identity, serial_identity
from domain.attestation import Attestation, AttestationInputs, AttestedServerItem, PledgedServer, Statement
from domain.finding import ModelRef, Outcome, Reason, TraceStep
from domain.money import rounded
from services.collateral.calc.attestation.physics import meter_fault, server_faults
from services.collateral.calc.attestation.words import reason

KIND: Final = "attestation"
MODEL: Final = ModelRef(id="attestation", version="1")

MISSING_AMBER: Final = Decimal("0.005")
MISSING_RED: Final = Decimal("0.02")
"""Shares of the pledged servers (domain paper §6.2). Below amber servers are out for repair; the list still names them."""
MOST_REASONS: Final = 100
"""So many a code; the value names all servers."""

_FAILS: Final = frozenset({"SERVER_RELABELLED", "DEVICE_MISMATCH", "MEMORY_MISMATCH", "MISSING_SHARE_RED"})
_REPORTS: Final = frozenset({"SERVER_MISSING"})


@dataclass(frozen=True)
class Conclusion:
    """Outcome, value, reasons and trace of an attestation."""

    outcome: Outcome
    value: Attestation
    reasons: tuple[Reason, ...]
    trace: tuple[TraceStep, ...]


def conclude(inputs: AttestationInputs) -> Conclusion:
    """Compare what answers at a site with what was pledged to stand there.

    * *phantom*: listed, but no GPU answers in it, or only such as answer in another server too;
    * *relabelled*: its GPUs were pledged with another server, or none of them is its own;
    * *moved*: it stands here and should stand elsewhere, or should stand here and answered elsewhere last;
    * *missing*: it should stand here and is not in the statement.

    A relabelled server, a GPU that is not of the kind pledged, and more than 2 % of servers missing or phantom fail;
    everything else that is not as pledged refers. Nothing pledged at the site: ``not_run``.
    """
    statement = Statement.model_validate_json(inputs.signed)
    listed = {serial_identity(server.serial): server for server in statement.servers}
    pledged = {server.serial: server for server in inputs.pledged}
    expected = [server for server in inputs.pledged if server.site in (None, statement.site)]
    sorted_out = _Sorted(statement, listed, pledged, {place.gpu: place.serial for place in inputs.elsewhere})
    reasons = list(sorted_out.reasons())
    absent = [server for server in expected if server.serial not in listed]
    away = {server.serial for server in absent if server.last_site not in (None, statement.site)}
    missing = [server.serial for server in absent if server.serial not in away]
    moved = [*sorted_out.strangers, *sorted(away)]
    reasons += [reason("SERVER_MOVED", serial) for serial in moved]
    reasons += [reason("SERVER_MISSING", serial) for serial in missing]
    gone = len(missing) + len(sorted_out.phantom)
    reasons += _share(gone, len(expected))
    drawn = sum((server.power_kw for server in statement.servers), Decimal(0))
    if fault := meter_fault(drawn, statement.meter_kw):
        reasons.append(fault)
    if not expected:
        reasons.append(reason("NOTHING_PLEDGED_HERE", statement.site))
    present = [
        server
        for server in expected
        if server.serial in listed and server.serial not in sorted_out.phantom | sorted_out.relabelled
    ]
    return Conclusion(
        outcome=_outcome(reasons, bool(expected)),
        value=Attestation(
            asset_id=inputs.asset_id,
            site=statement.site,
            taken_at=statement.taken_at,
            pledged=len(expected),
            present=len(present),
            missing=tuple(missing),
            phantom=tuple(sorted(sorted_out.phantom)),
            moved=tuple(moved),
            relabelled=tuple(sorted(sorted_out.relabelled)),
            not_pledged=tuple(sorted(listed.keys() - pledged.keys())),
            power_kw=rounded(drawn, 8),
        ),
        reasons=_bounded(reasons),
        trace=(
            TraceStep(
                step="attestation/share",
                rule="(missing + phantom) / pledged at the site; refer above 0.005, fail above 0.02",
                inputs={"missing": str(len(missing)), "phantom": str(len(sorted_out.phantom))},
                result=_ratio(gone, len(expected)),
            ),
            TraceStep(
                step="attestation/power",
                rule="Σ power of the servers, within 15 % of the meter where there is one",
                inputs={"meter_kw": "none" if statement.meter_kw is None else f"{statement.meter_kw:.8f}"},
                result=f"{drawn:.8f}",
            ),
        ),
    )


class _Sorted:
    """The servers of a statement by what is wrong with them."""

    def __init__(
        self,
        statement: Statement,
        listed: dict[str, AttestedServerItem],
        pledged: dict[str, PledgedServer],
        places: dict[str, str],
    ) -> None:
        self._listed = listed
        self._pledged = pledged
        self._places = places
        self._seen = Counter(
            gpu for server in listed.values() for gpu in {gpu_identity(item.uuid) for item in server.gpus}
        )
        self.strangers = sorted(
            serial for serial in listed.keys() & pledged.keys() if pledged[serial].site not in (None, statement.site)
        )
        self.phantom: set[str] = set()
        self.relabelled: set[str] = set()

    def reasons(self) -> Iterable[Reason]:
        for serial in sorted(self._listed):
            yield from self._of_server(serial, self._listed[serial])

    def _of_server(self, serial: str, server: AttestedServerItem) -> Iterable[Reason]:
        gpus = {gpu_identity(item.uuid) for item in server.gpus}
        foreign = sorted(gpu for gpu in gpus if self._places.get(gpu, serial) != serial)
        pledged = self._pledged.get(serial)
        if pledged is None:
            # Another's server is no concern of ours, unless it runs on our GPUs.
            ours = [gpu for gpu in foreign if self._places[gpu] in self._pledged]
            if ours:
                self.relabelled.add(serial)
                yield reason("SERVER_RELABELLED", serial, other=self._places[ours[0]])
            return
        shared = {gpu for gpu in gpus if self._seen[gpu] > 1 and self._places.get(gpu) != serial}
        if not gpus or gpus == shared:
            self.phantom.add(serial)
            yield reason("SERVER_PHANTOM", serial)
            return
        if foreign:
            self.relabelled.add(serial)
            yield reason("SERVER_RELABELLED", serial, other=self._places[foreign[0]])
        elif pledged.gpus and not gpus & set(pledged.gpus):
            self.relabelled.add(serial)
            yield reason("SERVER_RELABELLED", serial, other="?")
        elif pledged.gpus and not set(pledged.gpus) <= gpus:
            yield reason("GPU_REPLACED", serial)
        # A GPU that answers in another server of the statement too is no GPU of this one.
        if len(gpus - shared) < pledged.gpu_count:
            yield reason("GPUS_MISSING", serial)
        yield from server_faults(serial, server, pledged.gpu_type)


def _share(gone: int, expected: int) -> list[Reason]:
    if not expected:
        return []
    share = Decimal(gone) / Decimal(expected)
    if share > MISSING_RED:
        return [reason("MISSING_SHARE_RED", _ratio(gone, expected))]
    if share > MISSING_AMBER:
        return [reason("MISSING_SHARE_AMBER", _ratio(gone, expected))]
    return []


def _ratio(gone: int, expected: int) -> str:
    return f"{rounded(Decimal(gone) / Decimal(expected), 8):.8f}" if expected else "none"


def _outcome(reasons: list[Reason], anything: bool) -> Outcome:
    codes = {item.code for item in reasons}
    if codes & _FAILS:
        return Outcome.FAIL
    if not anything:
        return Outcome.NOT_RUN
    return Outcome.REFER if codes - _REPORTS else Outcome.PASS


def _bounded(reasons: list[Reason]) -> tuple[Reason, ...]:
    told: Counter[str] = Counter()
    kept = []
    for item in reasons:
        told[item.code] += 1
        if told[item.code] <= MOST_REASONS:
            kept.append(item)
    return tuple(kept)
