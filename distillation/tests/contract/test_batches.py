"""How samples are cut into batches, and batches into shares."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from distillation.contract.batches import LEAST_SHARE, batch_borders, batch_count, share

SIZES = st.integers(1, 60), st.integers(1, 5)


@given(st.integers(1, 300), *SIZES)
def test_batches_follow_each_other_and_shares_make_them_up(count: int, more: int, processes: int):
    size = LEAST_SHARE * processes + more
    borders = batch_borders(count, size, processes)
    assert [begin for begin, _ in borders] == [0, *(end for _, end in borders[:-1])]
    assert borders[-1][1] == count
    for border in borders:
        shares = [share(border, rank, processes) for rank in range(processes)]
        assert [begin for begin, _ in shares] == [border[0], *(end for _, end in shares[:-1])]
        assert shares[-1][1] == border[1]
        counts = [end - begin for begin, end in shares]
        assert max(counts) - min(counts) <= 1
        assert min(counts) >= LEAST_SHARE or count < LEAST_SHARE * processes


def test_a_last_batch_that_is_too_small_for_all_joins_the_one_before():
    assert batch_borders(9, 4) == [(0, 4), (4, 9)]
    assert batch_borders(10, 4) == [(0, 4), (4, 8), (8, 10)]
    assert batch_borders(11, 4, 2) == [(0, 4), (4, 11)]
    assert (batch_count(11, 4), batch_count(11, 4, 2)) == (3, 2)
    assert batch_borders(2, 1) == [(0, 1), (1, 2)]
