"""Market facts of the domain paper (§1E) that code must not mix up, by row id."""

from decimal import Decimal

import pytest

from domain.compute_capacity import ComputeCapacity, DifferentBasis


def eflops(amount: str, basis: str) -> ComputeCapacity:
    return ComputeCapacity(amount=Decimal(amount), unit="EFLOPS", basis=basis)


def test_row_m5_compute_of_different_bases_is_not_added() -> None:
    """信通院: 70 EFLOPS in 2023, more than 105 in 2025; IDC: 1037.3 intelligent and 85.8 general in 2025."""
    caict, idc, general = (
        eflops("105", "caict_intelligent"),
        eflops("1037.3", "idc_intelligent"),
        eflops("85.8", "idc_general"),
    )
    for one, other in ((caict, idc), (idc, caict), (idc, general)):
        with pytest.raises(DifferentBasis):
            one + other
    assert caict + eflops("70", "caict_intelligent") == eflops("175", "caict_intelligent")


def test_row_m5_units_of_one_basis_are_converted() -> None:
    servers = ComputeCapacity(amount=Decimal(500), unit="PFLOPS", basis="fp16")
    assert eflops("1.5", "fp16") + servers == eflops("2", "fp16")
    assert servers + eflops("1.5", "fp16") == ComputeCapacity(amount=Decimal(2000), unit="PFLOPS", basis="fp16")
    with pytest.raises(DifferentBasis, match="fp8 is no bf16 or fp16"):
        ComputeCapacity(amount=Decimal(1), unit="PFLOPS", basis="fp8").in_pflops(("fp16", "bf16"))
