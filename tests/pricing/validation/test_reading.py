"""Files from anywhere: what is read, and everything that is refused."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.pricing.calc.validation import Obligor, Population, SampleFault, SampleRefused, read_sample, reading
from services.pricing.calc.validation.reading import COLUMNS, MAX_BYTES
from tests.pricing.validation.samples import as_csv, grades, made_up

GOOD = "obligor_id,score,pd,grade,model_grade,defaulted,sample,observed_on"
ROW = "B1,612.5,0.0125,R6,R5,0,validation,2025-12-31"


def refused(content: str | bytes) -> list[tuple[int, str, str]]:
    with pytest.raises(SampleRefused) as caught:
        read_sample(content.encode() if isinstance(content, str) else content, grades())
    return [(fault.line, fault.column, fault.code) for fault in caught.value.faults]


def test_a_row_is_what_it_says() -> None:
    sample = read_sample(f"{GOOD}\n{ROW}\n".encode(), grades())
    (found,) = sample.obligors
    assert (found.obligor_id, found.score, found.pd) == ("B1", Decimal("612.5"), Decimal("0.0125"))
    assert (found.grade, found.model_grade, found.defaulted) == ("R6", "R5", False)
    assert (found.population, found.observed_on) == (Population.VALIDATION, date(2025, 12, 31))
    assert sample.columns == set(GOOD.split(","))


def test_a_sample_comes_back_as_it_was_written() -> None:
    sample = made_up(size=60)
    assert read_sample(as_csv(sample).encode(), grades()) == sample


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_bank_export_in_chinese(encoding: str, ending: str) -> None:
    titles = [COLUMNS[name] for name in ("obligor_id", "score", "defaulted", "sample")]
    text = ending.join([",".join(titles), "算力科技,600,是,验证", '"甲,乙",580,未知,开发', ""])
    first, second = read_sample(text.encode(encoding), grades()).obligors
    assert (first.obligor_id, first.defaulted, first.population) == ("算力科技", True, Population.VALIDATION)
    assert (second.obligor_id, second.defaulted, second.population) == ("甲,乙", None, Population.DEVELOPMENT)
    assert first.pd is None


def test_every_bad_cell_is_named_at_once() -> None:
    lines = [
        GOOD,
        "B1,abc,0,R11,R5,2,test,2025-02-30",
        ROW.replace("B1", "B2"),
        "B3,612.5,1.2,R6,R5,0,validation,31/12/2025",
        "B4,612.5",
        ",1e5,5%,R6,,,validation,2025-12-31",
        ROW.replace("B1", "B2"),
    ]
    assert refused("\n".join(lines)) == [
        (2, "defaulted", "outcome"),
        (2, "grade", "grade"),
        (2, "observed_on", "day"),
        (2, "pd", "pd"),
        (2, "sample", "sample"),
        (2, "score", "figure"),
        (4, "observed_on", "day"),
        (4, "pd", "pd"),
        (5, "", "width"),
        (6, "defaulted", "outcome"),
        (6, "model_grade", "grade"),
        (6, "obligor_id", "identifier"),
        (6, "pd", "pd"),
        (6, "score", "figure"),
        (7, "obligor_id", "repeated"),
    ]


def test_the_same_obligor_may_stand_in_two_samples_and_two_years() -> None:
    rows = [ROW, ROW.replace("validation", "development"), ROW.replace("2025", "2024")]
    assert len(read_sample("\n".join([GOOD, *rows]).encode(), grades()).obligors) == 3


@pytest.mark.parametrize(
    "cell",
    [
        "0",
        "1",
        "-0.1",
        "1.2",
        "5%",
        "",
        "NaN",
        "Infinity",
        "1e-3",
        "0x1",
        "０.５",
        "٠.٥",
        "0.123456789",
        "=0.5",
        "0" * 65,
        "0.5 0",
    ],
)
def test_no_such_probability(cell: str) -> None:
    assert refused(f"obligor_id,pd,defaulted\nB1,{cell},0") == [(2, "pd", "pd")]


@pytest.mark.parametrize("cell", ["", "1e9", "9" * 10, "--1", "+1", "1,5", "1.", ".5", "=1+1", "1_000"])
def test_no_such_score(cell: str) -> None:
    assert refused(f'obligor_id,score,defaulted\nB1,"{cell}",0') == [(2, "score", "figure")]


@pytest.mark.parametrize("cell", ["", "\x1b[2J", "a\nb", "x" * 65, "\x7f"])
def test_no_such_obligor(cell: str) -> None:
    assert refused(f'obligor_id,score,defaulted\n"{cell}",600,0') == [(2, "obligor_id", "identifier")]


@pytest.mark.parametrize("day", ["2025-W01-1", "20250101", "2025-13-01", "2025-1-1"])
def test_no_such_day(day: str) -> None:
    assert refused(f"obligor_id,score,defaulted,observed_on\nB1,600,0,{day}") == [(2, "observed_on", "day")]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "no_header"),
        (b"\xef\xbb\xbf", "no_header"),
        (b"\n\n", "no_header"),
        (f"{GOOD}\n".encode(), "no_rows"),
        (b"PK\x03\x04rest", "workbook"),
        (f"{GOOD}\n{ROW}".encode("utf-16"), "encoding"),
        (b"obligor_id,score,defaulted\x00\n", "encoding"),
        (b"obligor_id,score,defaulted\nB\xff\xff,1,0\n", "encoding"),
        (b"x" * (MAX_BYTES + 1), "too_large"),
        (b"," * 100, "too_many_columns"),
        (b'obligor_id,score,defaulted\n"B1,600,0\n', "quoting"),
        (b'obligor_id,score,defaulted\n"B1"x,600,0\n', "quoting"),
        (b"obligor_id,score,defaulted\n" + b"x" * 200_000 + b",600,0\n", "quoting"),
        (b"obligor_id;score;defaulted\nB1;600;0\n", "header"),
        (b"obligor_id,score\nB1,600\n", "header"),
        (b"obligor_id,defaulted\nB1,0\n", "header"),
        (b"obligor_id,score,score,defaulted\nB1,1,1,0\n", "header"),
        (b"obligor_id,score,defaulted,model_grade\nB1,1,0,R1\n", "header"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_no_such_file(content: bytes, code: str) -> None:
    assert refused(content) == [(0, "", code)]


def test_every_fault_of_a_header_is_in_one_refusal() -> None:
    with pytest.raises(SampleRefused) as caught:
        read_sample(b"obligor_id,obligor_id,secret,model_grade\n", grades())
    (fault,) = caught.value.faults
    for part in ("column 3", "obligor_id", "defaulted", "score / pd", "model_grade needs grade"):
        assert part in fault.message_en
    assert "secret" not in fault.message_en + fault.message_zh


def test_rows_have_a_bound_and_those_before_it_are_still_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_ROWS", 50)
    rows = ["obligor_id,score,defaulted", "B,x,0", *(f"B{number},1,0" for number in range(50))]
    assert refused("\n".join(rows)) == [(0, "", "too_many_rows"), (2, "score", "figure")]


def test_a_file_of_nothing_but_faults_is_given_up_and_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_FAULTS", 10)
    content = "obligor_id,score,defaulted\n" + ",,\n" * 50
    with pytest.raises(SampleRefused) as caught:
        read_sample(content.encode(), grades())
    assert "from line 6 on" in caught.value.faults[0].message_en
    assert {fault.line for fault in caught.value.faults} == {0, 2, 3, 4, 5}


def test_lines_are_those_of_the_file() -> None:
    """A quoted name may hold no line break, but the rows after it are still counted as an editor counts them."""
    assert refused('obligor_id,score,defaulted\n\n"a\nb",1,0\nB2,x,0\n') == [
        (3, "obligor_id", "identifier"),
        (5, "score", "figure"),
    ]


@settings(deadline=None, max_examples=200)
@given(
    st.one_of(
        st.binary(max_size=300),
        st.text(alphabet='obligr_d,"\n\r=-0159R.\x00甲', max_size=200).map(lambda t: (GOOD + "\n" + t).encode()),
    )
)
def test_whatever_comes_is_read_or_refused(content: bytes) -> None:
    faults: tuple[SampleFault, ...] = ()
    obligors: tuple[Obligor, ...] = ()
    try:
        obligors = read_sample(content, grades()).obligors
    except SampleRefused as refusal:
        faults = refusal.faults
    assert bool(faults) != bool(obligors)
    assert all(fault.message_zh and fault.message_en for fault in faults)
