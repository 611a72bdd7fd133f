"""One run from top to bottom: prepare, teacher, student and control with each seed, evaluate, export.

Every step is either done again cheaply after an interruption or found finished on disk.
"""

from __future__ import annotations

import os

import torch

from distillation.contract import adaptation, devices
from distillation.contract import events as kinds
from distillation.contract.feature_losses import suitable, unsuitable
from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.contract.spec import RunSpec
from distillation.datasets.layout import shown
from distillation.engine import assessment, batch_choice, result, seeds, workloads
from distillation.engine.context import Context
from distillation.engine.examples import writing as examples
from distillation.engine.exporting.delivery import Delivery
from distillation.engine.workloads.workload import Workload


def perform(context: Context, attempt: int) -> None:
    """Carry the run to its result. Raises Refused, Stopped, OSError and what libraries raise."""
    try:
        _perform(context, attempt)
    finally:
        context.uses.release()


def _perform(context: Context, attempt: int) -> None:
    settle(context.spec)
    context = batch_choice.settle(context)
    position = seeds.newest(context)
    context.events.emit(
        kinds.STARTED,
        pid=os.getpid(),
        attempt=attempt,
        resumed_epoch=position.epoch if position else None,
        resumed_step=position.step if position else None,
        resumed_arm=position.arm if position else None,
        device=context.spec.device,
        threads=context.spec.threads,
        torch=torch.__version__,
    )
    if result.is_complete(context):
        return

    workload = prepared(context)
    trained = seeds.train(context, workload)

    with context.progress.phase("evaluate", workload.validation.count * len(trained.first), workload.unit):
        evaluation = assessment.assess(context, workload, trained.first)
        evaluation["seeds"] = seeds.figures(context.spec, trained)
    with context.progress.phase("export", len(trained.first), "files"):
        files = Delivery(context, workload, evaluation).write()
        shown = examples.write(context, workload)
    context.stop.check()
    result.write(context, workload, trained, evaluation | {"files": files, "examples": shown})


def prepared(context: Context) -> Workload:
    """The data and the teacher's answers, made or found made. Raises as :func:`perform`."""
    workload = workloads.of(context)
    with context.progress.phase("prepare", 0, workload.unit):
        workload.prepare()
    if context.spec.adapts_teacher:
        with context.progress.phase("adapt", 0, workload.unit):
            workload.adapt_teacher()
    if context.spec.teacher is not None:
        with context.progress.phase("teacher", workload.total, workload.unit):
            workload.ask_teacher()
    return workload


def settle(spec: RunSpec) -> None:
    """Fix what could change the numbers. Raises Refused for a spec or device that cannot be run here."""
    if (spec.mode == "distillation") != (spec.teacher is not None and spec.loss is not None):
        raise Refused(
            Sentence(
                gettext_noop(
                    "The spec asks for mode {mode} but its teacher or loss does not fit. Start the task afresh."
                ),
                {"mode": spec.mode},
            )
        )
    if spec.loss is not None and spec.loss.feature and spec.loss.feature_loss not in suitable(spec.task_type):
        raise Refused(unsuitable(spec.loss.feature_loss, spec.task_type))
    if spec.teacher is not None and not spec.train.views:
        raise Refused(
            Sentence(
                gettext_noop("Without a number of views the teacher's answers cannot be kept. Choose one or more.")
            )
        )
    seeds.require_sound(spec)
    _settle_adapters(spec)
    if spec.device != "cpu" and not torch.cuda.is_available():
        raise Refused(
            Sentence(
                gettext_noop("The run was set up for the device {device}, which this machine does not offer."),
                {"device": spec.device},
            )
        )
    if spec.train.world_size > 1:
        _settle_processes(spec)
    torch.set_num_threads(spec.threads)
    # On a GPU a few backward passes have no deterministic form: they warn. Filling fresh memory costs and protects
    # only programs that read what they have not written.
    # By this name it does not import Inductor, which nothing here compiles with: seconds of every start.
    warn_only = spec.device != "cpu" and not spec.train.deterministic
    torch.set_deterministic_debug_mode("warn" if warn_only else "error")
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]


def _settle_adapters(spec: RunSpec) -> None:
    teacher, target = spec.teacher, "none" if spec.lora is None else spec.lora.target
    wish = adaptation.Wish(
        target=target,
        joint=spec.joint,
        direct=teacher is None,
        task_type=spec.task_type,
        student=spec.student.arch,
        init=spec.student.init,
        augmentation=spec.train.augmentation,
        quantization="none" if teacher is None else teacher.quantization,
        features=spec.loss is not None and spec.loss.feature,
        seeds=len(spec.train.seeds),
    )
    if problems := adaptation.problems(wish):
        raise Refused(problems[0].sentence)
    if teacher is not None and target == "teacher":
        sentence = adaptation.kind_problem(shown(teacher.name), teacher.kind, joint=spec.joint)
        if sentence is not None:
            raise Refused(sentence)


def _settle_processes(spec: RunSpec) -> None:
    count, size = spec.train.world_size, spec.train.batch_size
    problem = devices.problem(count, batch_size=size, joint=spec.joint)
    if problem is not None:
        raise Refused(problem.sentence)
    found = torch.cuda.device_count()
    if spec.device != "cpu" and found < count:
        raise Refused(
            Sentence(
                gettext_noop(
                    "The run was set up for {count} GPUs; this process sees {found}. Name as many in gpuDevices, or "
                    "start the task afresh."
                ),
                {"count": count, "found": found},
            )
        )
