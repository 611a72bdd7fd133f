"""Whatever a client invents: a request is accepted within its limits or refused in words."""

from __future__ import annotations

import json
import math

from hypothesis import given, settings
from hypothesis import strategies as st

from distillation.contract.options import BY_NAME, OPTIONS
from distillation.contract.request import InvalidRequest, parse

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=True)
    | st.text(max_size=20)
    | st.sampled_from(["1e999", "-1", "0", "direct", "cnn-tiny", "vit", "external", "platform", "0.5", ""])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
REQUESTS = st.dictionaries(st.sampled_from([*BY_NAME, "epochs", "taskId", "unknown"]), VALUES, max_size=12)
GOOD = {"taskName": "x", "studentModel": "cnn-tiny", "datasetId": "d", "teacherModel": "t"}


@settings(max_examples=400, deadline=None)
@given(REQUESTS)
def test_a_request_is_accepted_within_its_limits_or_refused_in_words(data):
    try:
        request = parse({**GOOD, **data})
    except InvalidRequest as invalid:
        for problem in invalid.problems:
            sentence = problem.sentence.english()
            assert sentence
            assert len(sentence) < 2_000
        return
    for option in OPTIONS:
        value = request.values[option.name]
        if value is None or value == "":
            continue
        if option.kind in ("integer", "number"):
            assert math.isfinite(value)
            assert (
                option.minimum is None
                or value >= option.minimum
                or (value == 0 and (option.zero_in_direct or not option.direct))
            )
            assert option.maximum is None or value <= option.maximum
        if option.choices:
            assert value in option.choices
        if option.kind == "integers":
            assert all(option.minimum <= number <= option.maximum for number in value)
            assert len(set(value)) == len(value) <= option.max_items
        if option.max_length:
            assert len(value) <= option.max_length
    json.dumps(request.values)


@settings(max_examples=200, deadline=None)
@given(REQUESTS)
def test_what_was_accepted_is_accepted_again_with_the_same_meaning(data):
    try:
        first = parse({**GOOD, **data})
    except InvalidRequest:
        return
    again = parse({name: value for name, value in first.values.items() if value is not None})
    assert again.values == first.values
