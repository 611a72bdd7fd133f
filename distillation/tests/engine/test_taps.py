"""Hooks that read features, and that fail where they would silently read nothing."""

from __future__ import annotations

import gc
import weakref

import pytest
import torch
from torch import Tensor, nn

from distillation.contract.sentence import Refused
from distillation.engine.taps import Taps, module_paths


class Network(nn.Module):
    """A stem, a body of two blocks, a layer that is not used and one that is used twice."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 4, 3, padding=1)
        self.body = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), nn.ReLU())
        self.twice = nn.ReLU()
        self.unused = nn.Conv2d(4, 4, 1)
        self.recurrent = nn.GRU(4, 5, batch_first=True)
        self.head = nn.Linear(5, 3)

    def forward(self, pictures: Tensor) -> Tensor:
        maps = self.body(self.twice(self.twice(self.stem(pictures))))
        tokens, _ = self.recurrent(maps.flatten(2).transpose(1, 2))
        return self.head(tokens[:, -1])


PICTURES = torch.randn(2, 1, 6, 6)


def test_maps_tokens_and_vectors_are_read_with_their_graph():
    model = Network()
    with Taps(model, ["body.0", "recurrent", "head"]) as taps:
        answer = model(PICTURES)
        features = taps.taken()
    assert [tuple(value.shape) for value in features.values()] == [(2, 4, 6, 6), (2, 36, 5), (2, 3)]
    assert list(features) == ["body.0", "recurrent", "head"]
    assert features["head"] is answer
    features["body.0"].sum().backward()
    assert model.stem.weight.grad is not None
    assert model.head.weight.grad is None


def test_what_is_read_is_the_last_forward_pass():
    model = Network()
    with Taps(model, ["stem"]) as taps:
        model(torch.zeros_like(PICTURES))
        model(PICTURES)
        torch.testing.assert_close(taps.taken()["stem"], model.stem(PICTURES))


def test_an_unknown_path_is_refused_with_near_names():
    with pytest.raises(Refused, match=r"no layer body\.2\. Near names: body"):
        Taps(Network(), ["body.2"])
    with pytest.raises(Refused, match=r"no layer zzzz\. Near names: stem, body, body\.0"):
        Taps(Network(), ["zzzz"])


def test_no_path_and_a_path_twice_are_refused():
    with pytest.raises(Refused, match="No layer is named"):
        Taps(Network(), [])
    with pytest.raises(Refused, match="stem is named twice"):
        Taps(Network(), ["stem", "body", "stem"])


def test_a_layer_that_does_not_run_is_refused():
    model = Network()
    with Taps(model, ["stem", "unused"]) as taps:
        model(PICTURES)
        with pytest.raises(Refused, match="unused did not run"):
            taps.taken()


def test_taking_without_a_forward_pass_and_taking_twice_is_refused():
    model = Network()
    with Taps(model, ["stem"]) as taps:
        with pytest.raises(Refused, match="stem did not run"):
            taps.taken()
        model(PICTURES)
        taps.taken()
        with pytest.raises(Refused, match="stem did not run"):
            taps.taken()


def test_a_layer_that_runs_twice_in_one_pass_is_refused():
    model = Network()
    with Taps(model, ["twice"]) as taps:
        model(PICTURES)
        with pytest.raises(Refused, match="twice ran 2 times"):
            taps.taken()


def test_an_answer_that_is_no_feature_is_refused_with_its_shape():
    model = nn.Sequential(nn.Linear(3, 4), nn.Flatten(0))
    with Taps(model, ["1"]) as taps:
        model(torch.randn(2, 3))
        with pytest.raises(Refused, match=r"layer 1 answers with \[8\]"):
            taps.taken()


def test_taps_of_two_models_do_not_mix():
    first, second = Network(), Network()
    with Taps(first, ["stem"]) as one, Taps(second, ["stem"]) as two:
        first(PICTURES)
        with torch.no_grad():
            second(PICTURES)
        ours, theirs = one.taken()["stem"], two.taken()["stem"]
    assert ours.requires_grad
    assert not theirs.requires_grad
    assert not torch.equal(ours, theirs)


@pytest.mark.parametrize("ending", ["taken", "drop", "close", "next pass"])
def test_nothing_is_held_after_the_step(ending: str):
    model = Network()
    taps = Taps(model, ["body.0"])
    seen: list[weakref.ref[Tensor]] = []
    watch = model.body[0].register_forward_hook(lambda *given: seen.append(weakref.ref(given[2])))
    model(PICTURES)
    if ending == "next pass":
        watch.remove()
        model(PICTURES)
    else:
        getattr(taps, ending)()
    gc.collect()
    assert seen[0]() is None


def test_a_closed_tap_leaves_no_hook():
    model = Network()
    Taps(model, ["stem", "body.0"]).close()
    assert not model._forward_pre_hooks
    assert not any(module._forward_hooks for module in model.modules())


def test_all_paths_are_listed_for_help():
    assert module_paths(Network())[:4] == ["stem", "body", "body.0", "body.1"]
    assert "" not in module_paths(Network())
