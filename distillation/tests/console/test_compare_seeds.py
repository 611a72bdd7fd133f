"""Seeds: groups, mean ± deviation and paired differences, held against numpy and scipy."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from django.utils import translation

from distillation.console.compare import seeds, settings_table
from distillation.console.compare.chosen import One
from distillation.console.compare.measured import measured
from distillation.console.compare.statistics import _T, paired, spread
from distillation.models import TrainingTask
from distillation.selectors.comparison import newest_evaluations
from distillation.tests.console.compared import browser, evaluated, together

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def read(*tasks: TrainingTask) -> seeds.Seeds:
    evaluations = newest_evaluations(tasks)
    ones = [One(task, letter, 0, "solid", "") for task, letter in zip(tasks, "ABCDEFGH", strict=False)]
    rows = [measured(one, evaluations.get(one.task.task_id)) for one in ones]
    return seeds.read(rows, settings_table.settings(list(tasks)))


@pytest.mark.parametrize("n", [2, 3, 5, 9, 31, 60])
def test_mean_deviation_and_interval_are_those_of_numpy_and_scipy(n):
    random = np.random.default_rng(n)
    ours, theirs = random.normal(90, 1, n), random.normal(91, 1, n)
    found = paired(dict(enumerate(ours)), dict(enumerate(theirs)))
    difference = theirs - ours
    assert found.spread.n == n
    assert found.spread.mean == pytest.approx(np.mean(difference))
    assert found.spread.deviation == pytest.approx(np.std(difference, ddof=1))
    if n < 3:
        assert (found.low, found.high, found.told) == (None, None, False)
        return
    low, high = scipy.stats.ttest_rel(theirs, ours).confidence_interval(0.95)
    # Beyond 31 pairs the interval is a little wider than it must be.
    tolerance = 1e-4 if n <= 31 else 0.03
    assert found.low == pytest.approx(low, abs=tolerance * np.std(difference))
    assert found.high == pytest.approx(high, abs=tolerance * np.std(difference))
    assert found.low <= low + 1e-4
    assert found.told == (found.low > 0 or found.high < 0)


def test_the_table_of_student_is_right():
    assert pytest.approx([scipy.stats.t.ppf(0.975, n) for n in range(1, 31)], abs=5e-5) == _T


def test_one_value_has_no_deviation_and_nothing_is_nothing():
    assert spread([]) is None
    assert spread([90.0]).deviation is None
    assert paired({1: 90.0}, {2: 91.0}) is None


def test_tasks_that_differ_in_the_seed_alone_are_one_row():
    config = [{"seed": seed} for seed in range(3)]
    same = [evaluated(90.0 + seed, control=89.0 + seed / 2, config=config[seed]) for seed in range(3)]
    other = evaluated(80.0, control=79.0, temperature="5", config=config[0])
    found = read(*same, other)
    assert [(row.name, row.n, row.seeds) for row in found.groups] == [("A + B + C", 3, "0, 1, 2"), ("D", 1, "0")]
    assert found.groups[0].student == "91.00 % ± 1.00"
    assert found.groups[0].difference == "+1.50 ± 0.50"
    assert found.several
    assert "One seed" in found.groups[1].sentence
    assert [row.name for row in found.told_groups] == ["A + B + C"]
    assert (found.single, found.told_pairs, found.single_pairs) == ("D", [], "D")


def test_several_seeds_inside_a_task_are_pairs_with_those_of_another():
    ours = [{"seed": seed, "student": 90.0 + seed, "control": 88.0} for seed in range(5)]
    theirs = [{"seed": seed, "student": 92.0 + seed + seed % 2 / 10, "control": 88.0} for seed in range(1, 5)]
    found = read(evaluated(runs=ours, control=88.0), evaluated(runs=theirs, control=88.0, temperature="5"))
    pair = found.pairs[0]
    assert (pair.name, pair.n) == ("B less A", 4)
    assert pair.difference == "+2.05 ± 0.06"
    assert pair.sentence.startswith("More than chance explains")


def test_a_difference_that_scatters_more_than_it_is_may_be_chance():
    ours = [{"seed": seed, "student": 90.0} for seed in range(3)]
    theirs = [{"seed": seed, "student": 90.0 + change} for seed, change in enumerate((2.0, -2.0, 0.5))]
    found = read(evaluated(runs=ours), evaluated(runs=theirs, temperature="5"))
    assert found.pairs[0].sentence.startswith("May be chance")


def test_too_few_pairs_and_no_common_seed_are_said():
    two = [{"seed": seed, "student": 90.0 + seed} for seed in range(2)]
    found = read(
        evaluated(runs=two), evaluated(runs=two, temperature="5"), evaluated(config={"seed": 7}, temperature="6")
    )
    assert "n = 2 is too small" in found.pairs[0].sentence
    assert "no seed in common" in found.pairs[1].sentence


def test_other_data_is_never_compared():
    found = read(evaluated(), evaluated(data="photos"))
    assert [row.name for row in found.groups] == ["A", "B"]
    assert found.pairs[0].n == 0
    assert "different data" in found.pairs[0].sentence


def test_a_seed_that_two_tasks_share_counts_once():
    found = read(evaluated(90.0), evaluated(95.0))
    assert (found.groups[0].n, found.groups[0].student) == (1, "90.00 %")
    assert "not counted again" in found.groups[0].sentence


def test_the_page_says_that_single_seeds_tell_nothing():
    page = browser().get(together(evaluated(), evaluated(temperature="5"))).content.decode()
    assert "trained with one seed" in page
