"""Finding, opening and checking the model file that a request names. Whatever is wrong is a problem of ``modelPath``.

Only files below the models root are ever opened, each once; all later steps use that descriptor. Changes nothing.
"""

from __future__ import annotations

import hashlib
import os
import time
import unicodedata
from pathlib import Path, PurePosixPath
from typing import Any

from django.conf import settings

from distillation.contract.request import InvalidRequest
from distillation.contract.sentence import Problem, Refused, Sentence, gettext_noop
from distillation.storage.local import home, relative
from distillation.storage.model_formats import check_onnx, safetensors_metadata
from distillation.storage.model_layout import STUDENT_FORMAT, kind_of, model_config
from distillation.storage.opening import NotAFile, OpenFile, Outside, climbs, open_inside, real_path

FIELD = "modelPath"
MAX_PATH = 500
"""What the column keeps."""
SAFETENSORS, ONNX = ".safetensors", ".onnx"
PICKLED = (".pt", ".pth")
"""These are converted by an engine process before they can be bound."""
_CHUNK = 4 * 1024 * 1024
_MANY = 20


def open_model(raw: Any) -> OpenFile:
    """Open the model that the text names: a file, or a directory with exactly one. Raises InvalidRequest.

    The text is a path below the models root, relative to it or to the home, or absolute.
    """
    path = _below_root(_text(raw))
    root = Path(settings.MODELS_ROOT)
    try:
        real = real_path(path, root)
        if real.is_dir():
            real = _only_model(real)
        file = open_inside(real, root)
    except Outside as error:
        raise wrong(
            gettext_noop("{path} is a link that leads out of the models root. Copy the file there."), path
        ) from error
    except NotAFile as error:
        raise wrong(
            gettext_noop("{path} is not a regular file; devices, pipes and sockets are not opened. Name a model file."),
            path,
        ) from error
    except OSError as error:
        raise _not_opened(path, error) from error
    problem = _named_wrongly(file)
    if problem is not None:
        with file:
            raise problem
    return file


def check_content(file: OpenFile) -> None:
    """Look at the file's header and the ``config.json`` beside it. Raises InvalidRequest."""
    try:
        if file.path.suffix == SAFETENSORS:
            safetensors_metadata(file)
            _check_config(file.path.parent)
        elif file.path.suffix == ONNX:
            check_onnx(file)
    except Refused as refused:
        raise InvalidRequest([Problem(FIELD, refused.sentence)]) from refused
    except OSError as error:
        raise _not_opened(file.path, error) from error


def sha256(file: OpenFile, until: float) -> str | None:
    """The checksum, or None when ``until`` (monotonic seconds) came first.

    Raises InvalidRequest when the file is written to meanwhile or cannot be read.
    """
    found, at = hashlib.sha256(), 0
    try:
        while piece := file.read(_CHUNK, at):
            if time.monotonic() > until:
                return None
            found.update(piece)
            at += len(piece)
    except OSError as error:
        raise _not_opened(file.path, error) from error
    require_unchanged(file)
    return found.hexdigest()


def require_unchanged(file: OpenFile) -> None:
    """Raise InvalidRequest when somebody has written to the file since it was opened."""
    if not file.unchanged():
        raise wrong(
            gettext_noop("{path} is being written. Wait until it is complete, then repeat the request."), file.path
        )


def stored_path(file: OpenFile) -> str:
    """The path as the row keeps it, relative to the home."""
    return relative(file.path)


def wrong(template: str, path: Path, **params: Any) -> InvalidRequest:
    """A problem of ``modelPath``; ``{path}`` is shown relative to the home."""
    return InvalidRequest([Problem(FIELD, Sentence(template, {"path": _shown(path), **params}))])


def _text(raw: Any) -> str:
    """Raises InvalidRequest for what cannot be a path; nothing has been looked up by then."""
    if raw is None or raw == "":
        raise _refused(
            gettext_noop(
                "Name the model file in {option}, for example my-model/model.safetensors below the models root."
            )
        )
    if not isinstance(raw, str):
        raise _refused(gettext_noop("{option} must be a text."))
    if len(raw) > MAX_PATH:
        raise _refused(
            gettext_noop("{option} has {length} characters; at most {limit} are kept."), length=len(raw), limit=MAX_PATH
        )
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in raw):
        raise _refused(gettext_noop("{option} contains control characters."))
    if climbs(raw):
        raise _refused(gettext_noop("{option} contains “..”. Write the path below the models root without it."))
    return raw


def _below_root(text: str) -> Path:
    """The path by its letters alone, without a look at the disk. Raises InvalidRequest."""
    root = Path(settings.MODELS_ROOT)
    path = PurePosixPath(os.path.normpath(text))
    for base in dict.fromkeys((root, root.resolve())):
        if path.is_absolute() and path.is_relative_to(base):
            return base / path.relative_to(base)
    if path.is_absolute():
        raise _refused(
            gettext_noop(
                "{option} leads out of the models root. Copy the model below {root} of DISTILLATION_HOME and name it "
                "by its path there."
            ),
            root=f"{root.name}/",
        )
    from_home = home() / path
    return from_home if from_home.is_relative_to(root) and os.path.lexists(from_home) else root / path


def _only_model(folder: Path) -> Path:
    """The one safetensors file of a model directory. Raises InvalidRequest and OSError."""
    names = sorted(path.name for path in folder.iterdir() if path.suffix == SAFETENSORS)
    if len(names) == 1 and (folder / "config.json").is_file():
        return folder / names[0]
    raise wrong(
        gettext_noop(
            "{path} is a directory. It counts as a model when it holds a config.json and exactly one .safetensors "
            "file; found: {found}. Name the file instead."
        ),
        folder,
        found=_printable(", ".join(names[:_MANY])) or "–",
    )


def _named_wrongly(file: OpenFile) -> InvalidRequest | None:
    if file.size == 0:
        return wrong(gettext_noop("{path} is empty. Copy it again."), file.path)
    if len(stored_path(file)) > MAX_PATH:
        return wrong(gettext_noop("{path} is too long to be kept. Choose shorter names."), file.path)
    if file.path.suffix not in (SAFETENSORS, ONNX, *PICKLED):
        return wrong(
            gettext_noop(
                "{path} is none of .safetensors, .onnx, .pt, .pth. Load it where you trust it and save its weights "
                "with safetensors.torch.save_file(model.state_dict(), 'model.safetensors')."
            ),
            file.path,
        )
    return None


def _check_config(folder: Path) -> None:
    config = model_config(folder)
    if config is not None and config.get("format") == STUDENT_FORMAT and kind_of(config) is None:
        raise Refused(
            Sentence(
                gettext_noop(
                    "The config.json beside the model has the format {format}, but its arch, classes, image_size or "
                    "channels are missing or wrong. docs/models.md shows one."
                ),
                {"format": STUDENT_FORMAT},
            )
        )


def _not_opened(path: Path, error: OSError) -> InvalidRequest:
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return wrong(
            gettext_noop("There is no file {path}. Copy the model below the models root; names are case-sensitive."),
            path,
        )
    return wrong(
        gettext_noop("{path} cannot be read ({error}). Check its permissions."), path, error=error.strerror or "–"
    )


def _refused(template: str, **params: Any) -> InvalidRequest:
    return InvalidRequest([Problem(FIELD, Sentence(template, {"option": FIELD, **params}))])


def _shown(path: Path) -> str:
    """Relative to the home; of a path elsewhere its name alone."""
    for base in (home(), home().resolve()):
        if path.is_relative_to(base):
            return _printable(path.relative_to(base).as_posix())[-MAX_PATH:]
    return _printable(path.name)


def _printable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
