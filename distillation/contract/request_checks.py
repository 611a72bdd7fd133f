"""What holds between several fields of a create request."""

from __future__ import annotations

from collections.abc import Iterable, Set

from distillation.contract import devices
from distillation.contract.create_request import CreateRequest
from distillation.contract.feature_losses import read_layers, suitable, unsuitable
from distillation.contract.options import BY_NAME, OPTIONS
from distillation.contract.param_sizes import check_sizes
from distillation.contract.request_lora import check_lora
from distillation.contract.request_students import resolve_student
from distillation.contract.sentence import Problem, Refused, Sentence, gettext_noop
from distillation.contract.task_types import OF_PICTURES
from distillation.contract.teachers import QUANTISABLE

_STUDENT = {"studentModel", "studentModelSize", "taskType", "executor"}
RELIES_ON: dict[str, Set[str]] = {
    "studentModel": {"studentModelSize", "executor"},
    "datasetId": {"executor"},
    "valDatasetId": {"executor"},
    "teacherModel": {"trainingMode", "executor", "teacherModelPath"},
    "teacherModelPath": {"trainingMode", "executor", "teacherModel"},
    "teacherParamSize": {"trainingMode", "executor", "teacherModel", "teacherModelPath"},
    "studentParamSize": _STUDENT,
    "control": {"trainingMode"},
    "alpha": {"trainingMode", "softLabelWeight"},
    "softLabelWeight": {"trainingMode"},
    "distillationType": {"trainingMode", "collaboration", *_STUDENT},
    "featureLossType": {"trainingMode", "distillationType", *_STUDENT},
    "attentionDistill": {"trainingMode", "distillationType", "featureLossType", *_STUDENT},
    "augmentation": {"loraTarget", *_STUDENT},
    "teacherQuantization": {"loraTarget"},
    "loraTarget": {"trainingMode", "studentInitMethod", "collaboration", *_STUDENT},
    "collaboration": {"trainingMode", "loraTarget", *_STUDENT},
    "loraRank": {"trainingMode", "loraTarget"},
    "loraAlpha": {"trainingMode", "loraTarget"},
    "cacheViews": {"augmentation", *_STUDENT},
    "seeds": {"collaboration", "loraTarget"},
    "gpuDevices": {"collaboration", "trainingMode", "executor"},
    "batchSize": {"gpuDevices", "executor"},
}
"""Field → others that a sentence about it takes for granted, besides what each option may be by itself."""
SENT_BY_OLDER_CLIENTS = frozenset({"temperature", "alpha"})
"""Their forms send these in direct mode too, whatever stands in them; that changes nothing and is said."""
_OF_FEATURES = ("featureLossType", "featureWeight", "intermediateLayers", "attentionDistill", "alignFeature")
_NO_TEACHER = gettext_noop(
    "Direct training has no teacher, so {option} has no meaning. Leave it empty or choose distillation."
)


def check_together(request: CreateRequest, problems: list[Problem]) -> None:
    """Add what only holds between several fields: problems, and settings that change nothing."""
    values = request.values
    if not values["taskName"]:
        problems.append(Problem("taskName", Sentence(gettext_noop("A task needs a name."))))
    try:
        resolve_student(values, external=request.external)
    except Refused as refused:
        problems.append(Problem("studentModel", refused.sentence))
    if not request.external and not values["datasetId"]:
        problems.append(Problem("datasetId", Sentence(gettext_noop("Choose the data set to learn from."))))
    _check_views(request, problems)
    if not values["autoSaveCheckpoint"] and values["checkpointInterval"]:
        reason = Sentence(gettext_noop("No checkpoints are written while training (autoSaveCheckpoint false)."))
        request.not_applied.append(Problem("checkpointInterval", reason))
    _check_first_weights(request, problems)
    _note_seed(request)
    _check_devices(request, problems)
    check_sizes(request, problems)
    check_lora(request, problems)
    if request.direct:
        _check_direct(request, problems)
    else:
        _check_distillation(request, problems)


def without_guesses(problems: Iterable[Problem], refused: Set[str]) -> list[Problem]:
    """The problems that hold whatever the refused options were meant to be."""
    return [
        problem
        for problem in problems
        if problem.field not in refused and not RELIES_ON.get(problem.field, frozenset()) & refused
    ]


def direct_problems(request: CreateRequest) -> list[Problem]:
    """Settings of the teacher's influence that were chosen for a training without one.

    Apart from the shape, so that what older rows hold is still read.
    """
    if not request.direct:
        return []
    chosen = (
        option
        for option in OPTIONS
        if not option.direct and option.name in request.given and option.name not in SENT_BY_OLDER_CLIENTS
    )
    return [
        Problem(option.name, Sentence(_NO_TEACHER, {"option": option.name}))
        for option in chosen
        if request.values[option.name] and request.values[option.name] != option.default
    ]


def _check_direct(request: CreateRequest, problems: list[Problem]) -> None:
    values = request.values
    for name in ("teacherModel", "control"):
        if values[name]:
            problems.append(Problem(name, Sentence(_NO_TEACHER, {"option": name})))
    reason = Sentence(gettext_noop("Direct training has no teacher."))
    for option in OPTIONS:
        if not option.direct and option.group != "lora" and option.name in request.given and values[option.name]:
            request.not_applied.append(Problem(option.name, reason))


def _check_distillation(request: CreateRequest, problems: list[Problem]) -> None:
    values = request.values
    if not values["teacherModel"] and not values["teacherModelPath"]:
        problems.append(
            Problem(
                "teacherModel",
                Sentence(gettext_noop("Distillation needs a teacher: a completed task or a model directory.")),
            )
        )
    if request.soft_weight() <= 0:
        name = "alpha" if values["softLabelWeight"] is None else "softLabelWeight"
        problems.append(
            Problem(
                name,
                Sentence(
                    gettext_noop(
                        "With a soft-label weight of 0 the teacher would teach nothing. "
                        "Raise it, or choose direct training."
                    )
                ),
            )
        )
    _check_quantization(request, problems)
    _check_comparison(request, problems)
    _check_features(request, problems)


def _check_features(request: CreateRequest, problems: list[Problem]) -> None:
    """Features are compared where places matter; settings of a comparison that is not made change nothing."""
    values = request.values
    if values["distillationType"] == "logit":
        reason = Sentence(gettext_noop("Only the teacher's answers are compared (distillationType logit)."))
        request.not_applied += [Problem(name, reason) for name in _OF_FEATURES if name in request.given]
    elif not request.external:
        if request.feature_loss() not in suitable(values["taskType"]):
            field = "featureLossType" if values["featureLossType"] else "attentionDistill"
            problems.append(Problem(field, unsuitable(request.feature_loss(), values["taskType"])))
        if values["attentionDistill"] and values["featureLossType"] not in (None, "", "at"):
            problems.append(
                Problem(
                    "attentionDistill",
                    Sentence(
                        gettext_noop("attentionDistill means the feature loss at; featureLossType is {value}."),
                        {"value": values["featureLossType"]},
                    ),
                )
            )
    try:
        read_layers(values["intermediateLayers"])
    except Refused as refused:
        problems.append(Problem("intermediateLayers", refused.sentence))


def _check_first_weights(request: CreateRequest, problems: list[Problem]) -> None:
    """Weights that exist must be named, and drawn ones have no file."""
    method, path = request.values["studentInitMethod"], request.values["studentPretrainPath"]
    if method != "random" and not path:
        sentence = Sentence(
            gettext_noop("{method} needs the place of the first weights in studentPretrainPath."), {"method": method}
        )
        problems.append(Problem("studentPretrainPath", sentence))
    if method == "random" and path:
        reason = Sentence(gettext_noop("The first weights are drawn at random (studentInitMethod random)."))
        request.not_applied.append(Problem("studentPretrainPath", reason))


def _note_seed(request: CreateRequest) -> None:
    """Another seed than the first of several has no effect; the default's zero stands in every stored task."""
    if request.values["seed"] not in (BY_NAME["seed"].default, request.seeds()[0]):
        request.not_applied.append(Problem("seed", Sentence(gettext_noop("The seeds of the run stand in seeds."))))


def _check_devices(request: CreateRequest, problems: list[Problem]) -> None:
    """Several GPUs share a batch; whether a worker has them is asked at start."""
    if request.external:
        return
    joint = not request.direct and request.values["collaboration"] == "joint"
    found = devices.problem(request.processes(), batch_size=request.values["batchSize"], joint=joint)
    if found is not None:
        problems.append(found)


def _check_quantization(request: CreateRequest, problems: list[Problem]) -> None:
    values = request.values
    if values["teacherQuantization"] == "none" or values["taskType"] in QUANTISABLE or request.external:
        return
    sentence = Sentence(
        gettext_noop("teacherQuantization is for teachers of pictures and texts; in {task_type} leave it out."),
        {"task_type": values["taskType"]},
    )
    problems.append(Problem("teacherQuantization", sentence))


def _check_comparison(request: CreateRequest, problems: list[Problem]) -> None:
    """Dense tasks compare answers in one way; dkd and dist bring a comparison of their own."""
    values = request.values
    if request.dense and not request.external:
        usual = {"method": "kd", "distillLossType": "kl_div"}
        for name, value in usual.items():
            if values[name] != value:
                problems.append(
                    Problem(
                        name,
                        Sentence(
                            gettext_noop("In {task_type} answers are compared with {option} {value} alone."),
                            {"task_type": values["taskType"], "option": name, "value": value},
                        ),
                    )
                )
    elif values["method"] != "kd" and values["distillLossType"] != "kl_div":
        problems.append(
            Problem(
                "distillLossType",
                Sentence(
                    gettext_noop("The method {method} compares in its own way; leave distillLossType out."),
                    {"method": values["method"]},
                ),
            )
        )


def _check_views(request: CreateRequest, problems: list[Problem]) -> None:
    """Sequences have no views, and one picture as it is has only one."""
    values = request.values
    if request.external:
        return
    if values["taskType"] not in OF_PICTURES:
        for name, neutral in (("augmentation", "none"), ("cacheViews", 1)):
            if values[name] not in (None, neutral):
                problems.append(
                    Problem(
                        name,
                        Sentence(
                            gettext_noop("{option} changes pictures; there are none in {task_type}. Leave it out."),
                            {"option": name, "task_type": values["taskType"]},
                        ),
                    )
                )
    elif request.augmentation() == "none" and request.views() > 1:
        problems.append(
            Problem(
                "cacheViews",
                Sentence(
                    gettext_noop("Without augmentation every view is the same; leave cacheViews out or choose one.")
                ),
            )
        )
