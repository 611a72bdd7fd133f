"""Labelling jobs: whether a model can label, the job's row, and the data set that its labels become."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from distillation.contract.labelling import FORMATS, IMPORTABLE, USUAL_FORMATS, LabellingSpec
from distillation.contract.labelling_request import LabellingRequest
from distillation.contract.request import InvalidRequest
from distillation.contract.sentence import Problem, Refused, Sentence, gettext_noop
from distillation.contract.task_types import USUAL_TYPE
from distillation.datasets.class_names import of_objects
from distillation.models import Dataset, InferenceJob, TrainingTask
from distillation.models.sentences import stored
from distillation.selectors import Rights
from distillation.services import audit, inference_states
from distillation.services.audit import audited
from distillation.services.datasets import register_dataset
from distillation.services.finished_students import student_of
from distillation.services.inference_folders import OUTPUT, importable_id, input_folder, output_folder
from distillation.storage.local import relative


def submit(task: TrainingTask, asked: LabellingRequest, by: Rights) -> InferenceJob:
    """Queue a job that labels with the task's model. Raises InvalidRequest, and Refused for a model that cannot."""
    model, config = model_to_label(task)
    task_type = str(config.get("task_type") or USUAL_TYPE)
    pictures = input_folder(asked.input_dir, asked.dataset_id, by)
    output = output_folder(asked.output_dir, pictures, by)
    no_data = _no_data_set(asked, output, by)
    _check_classes(asked.class_thresholds, of_objects(map(str, config["classes"]), task_type))
    job = InferenceJob(
        task_id=task.task_id,
        model_type=task.student_model,
        task_type=task_type,
        model_path=relative(model.parent),
        model_sha256=task.model_sha256 or "",
        input_dir=relative(pictures),
        output_dir=relative(output),
        dataset_id=asked.dataset_id or None,
        formats=",".join(_formats(asked.formats, task_type, becomes_data=no_data is None)),
        threshold=asked.threshold,
        class_thresholds=json.dumps(asked.class_thresholds, ensure_ascii=False),
        batch_size=asked.batch_size,
        auto_import=asked.auto_import,
        imported_dataset=importable_id(output) if no_data is None else None,
        import_note=None if no_data is None else stored(no_data, as_template=True),
        visibility=task.visibility,
        create_by=by.username,
    )
    with transaction.atomic():
        if no_data is None:
            _register(output, job, by)
        job.save(force_insert=True)
        audit.note("create", job, by.username)
    return job


def stop(job: InferenceJob, actor: str) -> None:
    """Stop a job that waits or runs. Raises Refused."""
    with audited("stop", job, actor):
        inference_states.stop(job)


def resume(job: InferenceJob, actor: str) -> None:
    """Go on with a job that was stopped or failed. Raises Refused, also while another one writes into its folder."""
    with audited("resume", job, actor):
        busy = InferenceJob.objects.filter(output_dir=job.output_dir, status__in=inference_states.STOPPABLE).first()
        if busy is not None and busy.pk != job.pk:
            template = gettext_noop("The job {job} writes into {path}. Wait for its end.")
            raise Refused(Sentence(template, {"job": busy.inference_id, "path": job.output_dir}))
        inference_states.resume(job)


def delete(job: InferenceJob, actor: str) -> None:
    """Hide the job, and stop it first where it has not ended; the labels stay."""
    with audited("delete", job, actor):
        inference_states.delete(job)


def spec_of(job: InferenceJob, threads: int) -> LabellingSpec:
    """What the engine is told."""
    return LabellingSpec(
        job_id=job.inference_id,
        model_path=job.model_path,
        model_sha256=job.model_sha256,
        input_path=job.input_dir,
        output_path=job.output_dir,
        formats=tuple(job.formats.split(",")),
        threshold=job.threshold,
        class_thresholds=tuple(json.loads(job.class_thresholds).items()),
        batch_size=job.batch_size,
        with_pictures=job.imported_dataset is not None,
        threads=threads,
    )


def _register(output: Path, job: InferenceJob, by: Rights) -> None:
    """Make the output a data set of the person, before anything lies in it.

    A folder that nobody has registered is seen by everybody, and the pictures may be a few people's. Raises
    InvalidRequest and Refused.
    """
    if Dataset.objects.filter(dataset_id=output.name, create_by=by.username).exists():
        return  # labelled anew
    about = {
        "datasetId": output.name,
        "description": f"{job.inference_id}: {job.task_id}",
        "visibility": job.visibility,
    }
    output.mkdir(exist_ok=True)
    try:
        register_dataset(about, by)
    except InvalidRequest as invalid:
        with contextlib.suppress(OSError):
            output.rmdir()
        raise InvalidRequest([Problem(OUTPUT, problem.sentence) for problem in invalid.problems]) from invalid


def model_to_label(task: TrainingTask) -> tuple[Path, dict[str, Any]]:
    """The model's file and config. Raises Refused for one that cannot label."""
    file, config = student_of(
        task,
        gettext_noop(
            "The model of {task} is none of the students of this platform; only those label pictures. Distil it into "
            "one."
        ),
    )
    task_type = str(config.get("task_type") or USUAL_TYPE)
    if task_type not in FORMATS:
        raise Refused(
            Sentence(
                gettext_noop("{task} is a model for {task_type}; pictures are labelled by models for {known}."),
                {"task": task.task_id, "task_type": task_type, "known": ", ".join(FORMATS)},
            )
        )
    return file, config


def _formats(wanted: tuple[str, ...], task_type: str, *, becomes_data: bool) -> tuple[str, ...]:
    """What is written, the usual formats where nothing is asked for. Raises InvalidRequest."""
    known = IMPORTABLE[task_type] if becomes_data else FORMATS[task_type]
    unknown = [name for name in wanted if name not in known]
    if unknown:
        template = (
            gettext_noop("A data set for {task_type} cannot be registered from {formats}; available: {available}.")
            if becomes_data and set(unknown) <= set(FORMATS[task_type])
            else gettext_noop("A model for {task_type} cannot write {formats}; available: {available}.")
        )
        params = {"task_type": task_type, "formats": ", ".join(unknown), "available": ", ".join(known)}
        raise InvalidRequest([Problem("formats", Sentence(template, params))])
    return wanted or tuple(name for name in USUAL_FORMATS[task_type] if name in known)


def _check_classes(named: Iterable[str], classes: Sequence[str]) -> None:
    if unknown := [name for name in named if name not in classes]:
        sentence = Sentence(
            gettext_noop("classThresholds names {unknown}; the model's classes are {known}."),
            {"unknown": ", ".join(unknown)[:300], "known": ", ".join(classes)[:1000]},
        )
        raise InvalidRequest([Problem("classThresholds", sentence)])


def _no_data_set(asked: LabellingRequest, output: Path, by: Rights) -> Sentence | None:
    """Why the labels will be no data set; None when they will."""
    if not asked.auto_import:
        return Sentence(gettext_noop("Nobody asked for a data set (autoImport)."))
    if importable_id(output) is None:
        return Sentence(
            gettext_noop(
                "The output is not registered as a data set, since it does not lie directly below {root}. Choose such "
                "a folder to have that."
            ),
            {"root": Path(settings.DATASETS_ROOT).name},
        )
    if not by.may_create:
        return Sentence(gettext_noop("The output is not registered as a data set: that needs the role engineer."))
    return None
