"""Both sides of every effect: what the definitions call is what the activities are."""

import inspect
from typing import Any, get_type_hints
from unittest.mock import Mock

import pytest
from temporalio import activity

from workflows import effects
from workflows.activities import all_activities

ACTIVITIES = {
    activity._Definition.must_from_callable(method).name: method  # type: ignore[attr-defined]
    for method in all_activities(Mock(), Mock(), Mock())
}
EFFECTS = {
    name: function
    for name, function in inspect.getmembers(effects, inspect.iscoroutinefunction)
    if not name.startswith("_") and function.__module__ == effects.__name__
}


def signature(function: Any) -> tuple[list[Any], Any]:
    hints = get_type_hints(function)
    result = hints.pop("return")
    return list(hints.values()), result


def test_every_effect_is_an_activity_and_every_activity_an_effect() -> None:
    assert set(EFFECTS) == set(ACTIVITIES)


@pytest.mark.parametrize("name", sorted(EFFECTS))
def test_the_two_sides_agree_on_types(name: str) -> None:
    assert signature(EFFECTS[name]) == signature(ACTIVITIES[name])
