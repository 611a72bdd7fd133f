"""Adapters of teachers on disk, shared by all runs that ask for the same: one trains, the others wait and read."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from distillation.contract.cache_keys import ADAPTERS
from distillation.contract.lora import LoraSpec
from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets.layout import shown
from distillation.engine import atomic, cache_entry, export, lora, teachers
from distillation.engine.adaptation import learning
from distillation.engine.adaptation.judging import judge
from distillation.engine.adaptation.learning import Learning
from distillation.engine.context import Context
from distillation.engine.events import finite
from distillation.engine.frozen_data import FrozenData
from distillation.engine.lora import StoredAdapter
from distillation.engine.teacher_pictures import TeacherPictures
from distillation.engine.teachers import TeacherSource
from distillation.engine.usable_rows import UsableRows

VERSION = 1
ADAPTER, RECORD = "adapter.safetensors", "adapter.json"


@dataclass(frozen=True, slots=True)
class Adapted:
    """A teacher after the stage."""

    source: TeacherSource
    """With its adapter; as it was where the adapter did not help."""
    checksum: str
    """SHA-256 of the adapter's file."""
    facts: dict[str, Any]
    """Settings, modules, parameters, accuracy before and after (percent), whether it teaches, whether it was shared."""


def adapt(context: Context, settings: LoraSpec, data: FrozenData, rows: UsableRows, source: TeacherSource) -> Adapted:
    """Open the adapter that these settings, this teacher and these labels ask for; train it where there is none yet.

    One that is not right more often on the held-out pictures does not teach. Raises Refused, DataChanged, Stopped,
    OSError (a full disk).
    """

    def waiting() -> None:
        context.events.log("info", Sentence(gettext_noop("Waiting for another run that adapts the same teacher.")))

    with cache_entry.opened(context, ADAPTERS, _key(context, settings, data, rows, source), waiting) as entry:
        folder = entry.folder
        record = _finished(context, folder)
        shared = record is not None
        if record is None:
            entry.made = True
            record = _learn(context, settings, data, rows, source, folder)
    helped = record["accuracy_after"] > record["accuracy_before"]
    # The purge looks for the checksums that runs name.
    atomic.write_json(context.run_dir.checkpoints / "teacher" / RECORD, {"adapter_checksum": record["sha256"]})
    _say(context, source.name, record, helped=helped, shared=shared)
    facts = {name: value for name, value in record.items() if name != "sha256"}
    return Adapted(
        _with_adapter(source, StoredAdapter(settings, folder / ADAPTER, record["sha256"])) if helped else source,
        record["sha256"],
        facts | {"applied": helped, "shared": shared},
    )


def _key(context: Context, settings: LoraSpec, data: FrozenData, rows: UsableRows, source: TeacherSource) -> str:
    """Everything that the adapter follows from."""
    train = context.spec.train
    parts = [
        VERSION,
        source.identity,
        data.digest,
        [hashlib.sha256(part.tobytes()).hexdigest() for part in (rows.train, rows.val, rows.labels)],
        asdict(settings),
        [train.batch_size, train.learning_rate, train.optimizer, train.schedule, train.weight_decay],
        [train.grad_accum_steps, train.max_grad_norm, train.warmup_ratio, train.seed],
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def _finished(context: Context, folder: Path) -> dict[str, Any] | None:
    record = atomic.read_json(folder / RECORD)
    if not isinstance(record, dict):
        return None
    try:
        if atomic.sha256_of(folder / ADAPTER) == record["sha256"]:
            return record
    except (OSError, KeyError):
        pass
    context.events.log("warning", Sentence(gettext_noop("The kept adapter of the teacher is damaged and made again.")))
    return None


def _learn(
    context: Context, settings: LoraSpec, data: FrozenData, rows: UsableRows, source: TeacherSource, folder: Path
) -> dict[str, Any]:
    begin = time.monotonic()
    device = context.spec.device
    loaded = teachers.load(source, device)
    if loaded.network is None:
        raise Refused(
            Sentence(gettext_noop("The teacher {name} takes no LoRA adapters."), {"name": shown(source.name)}),
        )
    pictures = TeacherPictures(data, loaded, context.spec.threads, keep=True)
    before = judge(loaded, pictures, rows, device, context.stop)
    work = Learning(context, settings, source.name, loaded, loaded.network, pictures, rows, folder)
    context.progress.resize(settings.epochs * len(rows.train))
    work.inserted.report(context.events)
    work.run()
    tensors = work.tensors()
    lora.merge(loaded.network)
    after = judge(loaded, pictures, rows, device, context.stop)
    record = finite(
        {
            **work.inserted.facts(),
            "epochs": settings.epochs,
            "accuracy_before": before.accuracy,
            "accuracy_after": after.accuracy,
            "steps": work.total_steps,
            "seconds": round(time.monotonic() - begin, 3),
            "sha256": export.save_weights(folder / ADAPTER, tensors),
        }
    )
    atomic.write_json(folder / RECORD, record)
    (folder / learning.CHECKPOINT).unlink(missing_ok=True)
    return record


def _with_adapter(source: TeacherSource, stored: StoredAdapter) -> TeacherSource:
    identity = hashlib.sha256(f"{source.identity}/{stored.sha256}".encode()).hexdigest()
    return replace(source, adapter=stored, identity=identity)


def _say(context: Context, name: str, record: dict[str, Any], *, helped: bool, shared: bool) -> None:
    if shared:
        sentence = gettext_noop("The adapter of the teacher {name} is there already; it was trained for another run.")
        context.events.log("info", Sentence(sentence, {"name": shown(name)}))
    params = {
        "name": shown(name),
        "before": round(record["accuracy_before"], 2),
        "after": round(record["accuracy_after"], 2),
    }
    if helped:
        learned = gettext_noop(
            "The teacher {name} was adapted to the labels: right on {after} % of the held-out pictures, {before} % "
            "before."
        )
        context.events.log("info", Sentence(learned, params))
        return
    useless = gettext_noop(
        "Adapting the teacher {name} did not help: right on {after} % of the held-out pictures, {before} % before. It "
        "teaches as it was."
    )
    context.events.log("warning", Sentence(useless, params))
