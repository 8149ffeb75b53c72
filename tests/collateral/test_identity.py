"""One server, one identity: however its serial was typed, and none that another server has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.application.serials import gpu_identity, serial_identity
from domain.application.server_sheet import server_cell

_SEPARATORS = st.sampled_from(["", " ", "-", "_", ".", "/", "　", "–"])
_PLAIN = st.text("0123456789ABCDEFGHJKMNPQRSTUVWXYZ", min_size=1, max_size=20)


@pytest.mark.parametrize(
    "written",
    ["SN-0011", "sn 0011", "ＳＮ＿００１１", "SN.OO11", "sn/0oIl", "SN–0011", "ЅN0011", "SΝ0011", "sn00ll"],
)
def test_what_a_label_does_not_tell_apart_is_one_server(written: str) -> None:
    assert serial_identity(written) == "SN0011"


@pytest.mark.parametrize(
    ("one", "other"), [("SN-0011", "SN-0012"), ("SN-B8", "SN-88"), ("SN-S5", "SN-55"), ("SN1", "SN11")]
)
def test_what_a_label_tells_apart_stays_apart(one: str, other: str) -> None:
    assert serial_identity(one) != serial_identity(other)


@given(serial=_PLAIN, between=st.lists(_SEPARATORS, min_size=20, max_size=20))
def test_separators_and_case_never_matter(serial: str, between: list[str]) -> None:
    spread = "".join(letter + separator for letter, separator in zip(serial, between, strict=False))
    assert serial_identity(spread.lower()) == serial_identity(serial)


@given(st.text(max_size=40))
def test_an_identity_is_its_own_identity(text: str) -> None:
    identity = serial_identity(text)
    assert serial_identity(identity) == identity
    assert identity.isascii()
    assert not set(identity) & set("OIL")


def test_a_gpu_is_one_by_whichever_tool_it_was_read() -> None:
    assert gpu_identity("GPU-8f3c2a10-0000-4000-8000-00000000000a") == gpu_identity("8F3C2A1000004000800000000000000A")
    assert gpu_identity("GPU-1") != gpu_identity("GPU-2")


@pytest.mark.parametrize(
    ("name", "cell", "meant"),
    [
        ("purchased", "2026/3/2", "2026-03-02"),
        ("purchased", "2026-03-02", "2026-03-02"),
        ("vat_rate", "13%", "0.13"),
        ("gpu_count", "８", "8"),
        ("price_ex_vat", "1,858,407.08", "{'amount': '1858407.08'}"),
        ("gpu_uuids", "a；b, c", "['a', 'b', 'c']"),
        ("model", "８卡服务器", "８卡服务器"),
    ],
)
def test_a_cell_says_what_its_sender_meant(name: str, cell: str, meant: str) -> None:
    assert str(server_cell(name, cell)) == meant
