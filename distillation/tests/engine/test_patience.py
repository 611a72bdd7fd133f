"""Early stopping: when it waits, and when it does not any longer."""

from __future__ import annotations

import pytest

from distillation.engine.patience import Patience


def waited(patience: Patience, figures: list[float | None]) -> list[int]:
    counts = []
    for figure in figures:
        patience = patience.after(figure)
        counts.append(patience.waited)
    return counts


def test_the_wait_begins_again_with_each_improvement():
    assert waited(Patience(3), [50.0, 50.0, 49.0, 51.0, 51.0]) == [0, 1, 2, 0, 1]


def test_it_is_exhausted_after_so_many_epochs_without_improvement():
    patience = Patience(2)
    stops = []
    for figure in [50.0, 49.0, 50.0]:
        patience = patience.after(figure)
        stops.append(patience.exhausted)
    assert stops == [False, False, True]


def test_no_patience_is_patience_for_ever():
    assert not Patience(0).exhausted
    patience = Patience(0)
    for _ in range(50):
        patience = patience.after(1.0)
    assert not patience.exhausted


def test_an_improvement_must_be_more_than_the_least():
    assert waited(Patience(3, least=0.5), [50.0, 50.5, 50.6, 51.0, 51.2]) == [0, 1, 0, 1, 0]


@pytest.mark.parametrize("figure", [None, float("nan"), float("inf")])
def test_a_figure_that_is_none_is_no_improvement(figure: float | None):
    assert waited(Patience(3), [figure, 50.0, figure]) == [1, 0, 1]


def test_it_goes_on_from_a_checkpoint():
    patience = Patience(3).after(50.0).after(49.0)
    assert Patience(**patience.state()) == patience
    assert Patience(**patience.state()).after(49.0) == patience.after(49.0)
