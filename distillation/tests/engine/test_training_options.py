"""Every option of training through a whole run: seen in what the optimizer does, or against a formula written here.

Each table ends with its neighbours: one option must not pass for another.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast, get_args, get_type_hints

import pytest
import safetensors.torch
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook

from distillation.contract.spec import LossSpec, RunSpec, TrainSpec
from distillation.engine import arms, export, run, students, workloads
from distillation.engine.context import Context
from distillation.engine.evaluation import ClassifierValidation
from distillation.engine.ordering import Ordering
from distillation.engine.stopping import StopRequest
from distillation.tests.engine.coloured import epochs_of, result_of
from distillation.tests.engine.samples import direct, events_of

MakeContext = Callable[..., Context]
Weights = dict[str, Tensor]

STEPS = 6
"""Of a run without a teacher: 24 pictures in batches of 8, two epochs."""


@dataclass
class Watched:
    """What optimizers did, step by step."""

    rates: list[float] = field(default_factory=list)
    norms: list[float] = field(default_factory=list)
    """Of the gradient that was stepped with."""
    kinds: set[type] = field(default_factory=set)
    weights: list[list[Tensor]] = field(default_factory=list)
    """Before the first step, and after each."""


@contextmanager
def watching() -> Iterator[Watched]:
    """Look at every optimizer of this process."""
    watched = Watched()

    def parameters(optimizer: torch.optim.Optimizer) -> list[Tensor]:
        return [weight for group in optimizer.param_groups for weight in group["params"]]

    def before(optimizer: torch.optim.Optimizer, *_: Any) -> None:
        watched.kinds.add(type(optimizer))
        watched.rates.append(optimizer.param_groups[0]["lr"])
        gradients = [weight.grad for weight in parameters(optimizer) if weight.grad is not None]
        watched.norms.append(math.sqrt(sum(float(gradient.square().sum()) for gradient in gradients)))
        if not watched.weights:
            watched.weights.append([weight.detach().clone() for weight in parameters(optimizer)])

    def after(optimizer: torch.optim.Optimizer, *_: Any) -> None:
        watched.weights.append([weight.detach().clone() for weight in parameters(optimizer)])

    hooks = register_optimizer_step_pre_hook(before), register_optimizer_step_post_hook(after)
    try:
        yield watched
    finally:
        for hook in hooks:
            hook.remove()


@pytest.fixture
def short(spec: RunSpec) -> RunSpec:
    """Labels only, no checkpoints."""
    torch.set_num_threads(1)
    return direct(spec, train=replace(spec.train, epochs=2), checkpoint_seconds=1000)


def delivered(make_context: MakeContext, spec: RunSpec, name: str = "run") -> Weights:
    context = make_context(spec, name)
    run.perform(context, 1)
    return safetensors.torch.load_file(context.run_dir.model / export.WEIGHTS)


def distance(first: Weights, second: Weights) -> float:
    return max(float((first[name] - second[name]).abs().max()) for name in first)


def values_of(kind: type, option: str) -> set[str]:
    """What the contract allows."""
    return set(get_args(get_type_hints(kind)[option]))


OPTIMIZERS = {
    "adamw": torch.optim.AdamW,
    "adam": torch.optim.Adam,
    "sgd": torch.optim.SGD,
    "adagrad": torch.optim.Adagrad,
    "rmsprop": torch.optim.RMSprop,
}


def test_each_optimizer_steps_and_delivers_weights_of_its_own(make_context: MakeContext, short: RunSpec):
    assert OPTIMIZERS.keys() == values_of(TrainSpec, "optimizer")
    made = {}
    for name, kind in OPTIMIZERS.items():
        with watching() as watched:
            train = replace(short.train, optimizer=cast(Any, name), epochs=1, weight_decay=0.1)
            made[name] = delivered(make_context, replace(short, train=train), name)
        assert watched.kinds == {kind}
    for name in made:
        assert all(distance(made[name], made[other]) > 1e-6 for other in made.keys() - {name})


SCHEDULES: dict[str, Callable[[float], float]] = {
    "cosine": lambda share: (1 + math.cos(math.pi * share)) / 2,
    "linear": lambda share: 1 - share,
    "constant": lambda share: 1.0,
    "polynomial": lambda share: (1 - share) ** 0.9,
    "step": lambda share: 1.0 if share < 1 / 3 else 0.1 if share < 2 / 3 else 0.01,
}


def expected_rates(schedule: str, warmup: int, highest: float = 3e-3) -> list[float]:
    rising = [highest * (step + 1) / warmup for step in range(warmup)]
    return rising + [highest * SCHEDULES[schedule](step / (STEPS - warmup)) for step in range(STEPS - warmup)]


@pytest.mark.parametrize(("ratio", "warmup"), [(0.0, 0), (0.34, 2)])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_step_has_the_rate_of_its_schedule_and_warm_up(
    make_context: MakeContext, short: RunSpec, schedule: str, ratio: float, warmup: int
):
    assert SCHEDULES.keys() == values_of(TrainSpec, "schedule")
    train = replace(short.train, schedule=cast(Any, schedule), warmup_ratio=ratio)
    with watching() as watched:
        run.perform(make_context(replace(short, train=train)), 1)
    assert watched.rates == pytest.approx(expected_rates(schedule, warmup))
    for other in SCHEDULES.keys() - {schedule}:
        assert watched.rates != pytest.approx(expected_rates(other, warmup), rel=1e-3)
    assert watched.rates != pytest.approx(expected_rates(schedule, 2 - warmup), rel=1e-3)


def test_no_step_is_taken_with_a_larger_gradient_than_allowed(make_context: MakeContext, short: RunSpec):
    norms = {}
    for limit in (0.0, 0.05):
        with watching() as watched:
            run.perform(make_context(replace(short, train=replace(short.train, max_grad_norm=limit)), f"{limit}"), 1)
        norms[limit] = watched.norms
    assert min(norms[0.0]) > 0.1
    assert norms[0.05] == pytest.approx([0.05] * STEPS, rel=1e-3)


def test_weight_decay_makes_the_weights_smaller(make_context: MakeContext, short: RunSpec):
    sizes = {}
    for decay in (0.0, 5.0):
        made = delivered(make_context, replace(short, train=replace(short.train, weight_decay=decay)), f"{decay}")
        sizes[decay] = sum(float(weight.square().sum()) for weight in made.values())
    assert sizes[5.0] < 0.97 * sizes[0.0]


@pytest.mark.parametrize(("amp", "dtype"), [(True, torch.bfloat16), (False, torch.float32)])
def test_mixed_precision_computes_the_training_forward_in_bfloat16(
    make_context: MakeContext, short: RunSpec, amp: bool, dtype: torch.dtype
):
    seen: dict[bool, set[torch.dtype]] = {True: set(), False: set()}

    def look(module: nn.Module, _inputs: Any, output: Tensor) -> None:
        if isinstance(module, nn.Linear):
            seen[module.training].add(output.dtype)

    hook = register_module_forward_hook(look)
    try:
        run.perform(make_context(replace(short, train=replace(short.train, amp=amp))), 1)
    finally:
        hook.remove()
    assert seen == {True: {dtype}, False: {torch.float32}}


def test_mixed_precision_ends_near_the_weights_of_float32_and_not_at_them(make_context: MakeContext, spec: RunSpec):
    train = replace(spec.train, epochs=1, optimizer="sgd")
    spec = replace(spec, control=False, train=train)
    wide = delivered(make_context, spec, "wide")
    narrow = delivered(make_context, replace(spec, train=replace(train, amp=True)), "narrow")
    assert all(weight.dtype == torch.float32 and bool(weight.isfinite().all()) for weight in narrow.values())
    assert 0 < distance(wide, narrow) < 0.05 * max(float(weight.abs().max()) for weight in wide.values())


def test_the_delivered_average_is_that_of_the_weights_after_each_step(make_context: MakeContext, short: RunSpec):
    with watching() as watched:
        averaged = delivered(make_context, replace(short, train=replace(short.train, ema=True)))
    first, *later = watched.weights
    assert len(later) == STEPS
    average = first
    for number, weights in enumerate(later):
        decay = min(0.999, (1 + number) / (10 + number))
        average = [decay * old + (1 - decay) * new for old, new in zip(average, weights, strict=True)]
    lasts = _named(later[-1], averaged)
    for found, expected, last in zip(averaged.values(), _named(average, averaged), lasts, strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-7)
        assert not torch.allclose(found, last, rtol=1e-5, atol=1e-7)


def test_without_an_average_the_last_step_s_weights_are_delivered(make_context: MakeContext, short: RunSpec):
    with watching() as watched:
        made = delivered(make_context, short)
    for found, expected in zip(made.values(), _named(watched.weights[-1], made), strict=True):
        assert torch.equal(found, expected)


def _named(weights: list[Tensor], names: Weights) -> list[Tensor]:
    """An optimizer's weights in the order of a file, which is another than the network's."""
    order = [name for name, _ in students.build("cnn-tiny", classes=3, channels=1, image_size=8).named_parameters()]
    by_name = dict(zip(order, weights, strict=True))
    return [by_name[name] for name in names]


@pytest.mark.parametrize(("patience", "epochs"), [(0, 6), (1, 2), (2, 3)])
def test_early_stopping_ends_both_arms_after_as_many_epochs_without_a_better_one(
    make_context: MakeContext, spec: RunSpec, monkeypatch: pytest.MonkeyPatch, patience: int, epochs: int
):
    plain, calls = ClassifierValidation.__call__, []

    def judged(self: ClassifierValidation, model: nn.Module, stop: StopRequest) -> Any:
        """The student stays as it is; the control improves, and still gets no more epochs."""
        calls.append(model)
        return replace(plain(self, model, stop), accuracy=float(max(epochs, len(calls))))

    monkeypatch.setattr(ClassifierValidation, "__call__", judged)
    train = replace(spec.train, epochs=6, learning_rate=1e-12, early_stopping=patience)
    context = make_context(replace(spec, train=train, checkpoint_seconds=1000))
    with watching() as watched:
        run.perform(context, 1)
    steps = epochs * 6  # 24 labelled and 24 unlabelled pictures in batches of 8
    result = result_of(context)
    assert (result["epochs"], result["steps"]) == (epochs, steps)
    assert (result["control"]["epochs"], result["control"]["steps"]) == (epochs, steps)
    assert len(epochs_of(context, "student")) == len(epochs_of(context, "control")) == epochs
    cosine = [1e-12 * SCHEDULES["cosine"](step / 36) for step in range(steps)]
    assert watched.rates == pytest.approx(cosine + cosine, rel=1e-6, abs=0)


@pytest.mark.parametrize("ema", [False, True])
@pytest.mark.parametrize(("select_best", "epoch"), [(True, 2), (False, 3)])
def test_the_best_epoch_or_the_last_one_is_delivered(
    make_context: MakeContext, short: RunSpec, monkeypatch: pytest.MonkeyPatch, select_best: bool, epoch: int, ema: bool
):
    plain = ClassifierValidation.__call__
    validated: list[Weights] = []

    def judged(self: ClassifierValidation, model: nn.Module, stop: StopRequest) -> Any:
        outcome = plain(self, model, stop)
        validated.append({name: weight.clone() for name, weight in model.state_dict().items()})
        return replace(outcome, accuracy=[30.0, 90.0, 60.0, 0.0][min(len(validated), 4) - 1])

    monkeypatch.setattr(ClassifierValidation, "__call__", judged)
    train = replace(short.train, epochs=3, select_best=select_best, ema=ema)
    made = delivered(make_context, replace(short, train=train))
    distances = [distance(made, weights) for weights in validated[:3]]
    assert [number for number, found in enumerate(distances, start=1) if found == 0] == [epoch]


def _log(logits: Tensor, temperature: float) -> Tensor:
    return torch.log_softmax(logits.double() / temperature, dim=1)


def _kl(teacher: Tensor, student: Tensor) -> Tensor:
    """The mean over rows; both are log probabilities."""
    return (teacher.exp() * (teacher - student)).sum(dim=1).mean()


def _cross_entropy(student: Tensor, teacher: Tensor, _labels: Tensor, t: float) -> Tensor:
    return -t * t * (_log(teacher, t).exp() * _log(student, t)).sum(dim=1).mean()


def _decoupled(student: Tensor, teacher: Tensor, labels: Tensor, t: float) -> Tensor:
    target = F.one_hot(torch.where(labels < 0, teacher.argmax(dim=1), labels), teacher.shape[1]).bool()

    def parts(logits: Tensor) -> tuple[Tensor, Tensor]:
        shares = _log(logits, t).exp()
        chosen, others = shares[target], shares[~target].view(len(shares), -1)
        return torch.stack([chosen, 1 - chosen], dim=1).log(), (others / others.sum(dim=1, keepdim=True)).log()

    (pair, rest), (known_pair, known_rest) = parts(student), parts(teacher)
    return t * t * (_kl(known_pair, pair) + 8 * _kl(known_rest, rest))


def _correlated(student: Tensor, teacher: Tensor, _labels: Tensor, t: float) -> Tensor:
    def distance(first: Tensor, second: Tensor) -> Tensor:
        rows = [torch.corrcoef(torch.stack(pair))[0, 1] for pair in zip(first, second, strict=True)]
        return 1 - torch.stack(rows).mean()

    ours, theirs = _log(student, t).exp(), _log(teacher, t).exp()
    return t * t * (distance(ours, theirs) + distance(ours.T, theirs.T))


SOFT: dict[str, tuple[dict[str, str], Callable[[Tensor, Tensor, Tensor, float], Tensor]]] = {
    "kl_div": ({"comparison": "kl_div"}, lambda s, t, _, heat: heat**2 * _kl(_log(t, heat), _log(s, heat))),
    "mse": ({"comparison": "mse"}, lambda s, t, *_: (s - t).square().mean()),
    "cosine": (
        {"comparison": "cosine"},
        lambda s, t, *_: 1 - ((s * t).sum(dim=1) / s.norm(dim=1) / t.norm(dim=1)).mean(),
    ),
    "cross_entropy": ({"comparison": "cross_entropy"}, _cross_entropy),
    "dkd": ({"method": "dkd"}, _decoupled),
    "dist": ({"method": "dist"}, _correlated),
}


@pytest.fixture
def sure(home: Path) -> None:
    """A teacher with larger logits, so that a temperature matters."""
    path = home / "models" / "teacher" / export.WEIGHTS
    weights = safetensors.torch.load_file(path)
    safetensors.torch.save_file({name: 3 * weight for name, weight in weights.items()}, path)


@pytest.mark.usefixtures("sure")
@pytest.mark.parametrize("name", SOFT)
def test_the_soft_loss_is_that_of_the_method_and_of_no_other(make_context: MakeContext, spec: RunSpec, name: str):
    assert SOFT.keys() == values_of(LossSpec, "comparison") | values_of(LossSpec, "method") - {"kd"}
    train = replace(spec.train, epochs=1, batch_size=48)  # all pictures in one step: the first weights are judged
    loss = LossSpec(2.0, 0.9, 0.1, **SOFT[name][0])  # type: ignore[arg-type]
    context = make_context(replace(spec, train=train, loss=loss, control=False))
    run.perform(context, 1)
    (event,) = epochs_of(context, "student")
    given = _first_step(make_context(replace(spec, train=train, loss=loss, control=False), "again"))
    expected = {other: float(formula(*given, 2.0)) for other, (_, formula) in SOFT.items()}
    assert event["soft_loss"] == pytest.approx(expected.pop(name), rel=1e-4)
    assert all(event["soft_loss"] != pytest.approx(value, rel=1e-2) for value in expected.values())
    hotter = float(SOFT[name][1](*given, 4.0))
    if name not in ("mse", "cosine"):  # which have no temperature
        assert event["soft_loss"] != pytest.approx(hotter, rel=1e-2)


def _first_step(context: Context) -> tuple[Tensor, Tensor, Tensor]:
    """Logits of the untrained student and of the teacher, and labels, of the only batch."""
    workload = workloads.of(context)
    with context.progress.phase("prepare", 0, workload.unit):
        workload.prepare()
    with context.progress.phase("teacher", workload.total, workload.unit):
        workload.ask_teacher()
    feed = workload.feed(seed=context.spec.train.seed, with_teacher=True)
    feed.open_epoch(0)
    ((batch,),) = [feed.step(step) for step in range(feed.steps_per_epoch)]
    with torch.inference_mode():
        student = arms.initial_model(context, workload).train()(batch.inputs)
    assert workload.outputs is not None
    teacher = torch.from_numpy(workload.outputs.arrays["logits"][Ordering(48, context.spec.train).positions(0).numpy()])
    return student, teacher, batch.labels


@pytest.mark.parametrize(
    ("seconds", "epochs", "written"), [(0.0, 0, [1, 2, 3, 4]), (-1.0, 0, []), (-1.0, 3, [3]), (1000.0, 2, [2, 4])]
)
def test_checkpoints_are_written_as_often_as_asked(
    make_context: MakeContext, spec: RunSpec, seconds: float, epochs: int, written: list[int]
):
    asked = replace(spec, checkpoint_seconds=seconds, checkpoint_epochs=epochs, train=replace(spec.train, epochs=4))
    context = make_context(asked)
    run.perform(context, 1)
    events = [event for event in events_of(context.run_dir) if event["kind"] == "checkpoint"]
    assert [event["epoch"] for event in events if event["arm"] == "student"] == written


@pytest.mark.parametrize("deterministic", [True, False])
def test_only_a_deterministic_run_refuses_what_a_gpu_cannot_repeat(
    spec: RunSpec, monkeypatch: pytest.MonkeyPatch, deterministic: bool
):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    run.settle(replace(spec, device="cuda", train=replace(spec.train, deterministic=deterministic)))
    assert torch.is_deterministic_algorithms_warn_only_enabled() is not deterministic
    run.settle(spec)
    assert not torch.is_deterministic_algorithms_warn_only_enabled()
