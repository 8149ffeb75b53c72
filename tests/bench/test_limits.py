"""The figure of the limit tree, at a small size: the line holds exactly what was reserved."""

from suandai.bench.limits import LimitSizes, limit_figures


def test_reservations_a_second_stand_beside_one_row_of_sql() -> None:
    told: list[str] = []
    [measured] = limit_figures(LimitSizes(cases=40, at_once=20, pool=4), told.append)
    assert measured.name == "limit_reservations_per_second"
    assert measured.value > 0
    assert measured.beside is not None
    assert measured.beside > 0
    assert "pool 4 + 4" in measured.note
