"""Turn a PyTorch file of tensors into safetensors: standard input to standard output, no path and no code of the file.

PyTorch's restricted unpickler (``weights_only``) reads it. Sizes that the file claims are compared with the file
before memory is spent on them, and the kernel stops what gets past that.
"""

from __future__ import annotations

import os
import pickle
import re
import resource
import stat
import warnings
import zipfile
from collections.abc import Mapping
from typing import IO, Any

import safetensors.torch
import torch
from torch import Tensor

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets.layout import named
from distillation.engine import failures

_WRAPPERS = ("state_dict", "model_state_dict", "model", "weights")
"""Under these names training programs keep the weights beside their optimizer."""
MAX_ENTRIES = 200_000
SLACK_BYTES = 16 * 1024**2
SPARE_BYTES = 1024**3
LONGEST_CPU_SECONDS = 1800


def convert(source: IO[bytes], target: IO[bytes], source_sha256: str | None = None) -> int:
    """Write the tensors of ``source`` to ``target``; return their number. Raises Refused and OSError.

    ``source_sha256`` is kept in the header under ``converted_from_sha256``.
    """
    found = os.fstat(source.fileno())
    if not stat.S_ISREG(found.st_mode):
        raise Refused(
            Sentence(
                gettext_noop("Give the file as standard input: python -m distillation.engine convert < FILE > NEW_FILE")
            )
        )
    _check_archive(source, found.st_size)
    _limit_memory(found.st_size)
    tensors = _independent(_named_tensors(_load(source)), found.st_size)
    metadata = {"format": "pt"} | ({"converted_from_sha256": source_sha256} if source_sha256 else {})
    _write(tensors, metadata, target)
    return len(tensors)


def _check_archive(source: IO[bytes], size: int) -> None:
    """PyTorch stores its entries uncompressed; an archive that unpacks to more than the file is no model."""
    if not zipfile.is_zipfile(source):
        source.seek(0)
        return
    source.seek(0)
    try:
        with zipfile.ZipFile(source) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise _not_readable(error) from error
    source.seek(0)
    stored = all(entry.compress_type == zipfile.ZIP_STORED for entry in entries)
    if not stored or len(entries) > MAX_ENTRIES or sum(entry.file_size for entry in entries) > size:
        raise Refused(
            Sentence(
                gettext_noop(
                    "The file is an archive that unpacks to more than it holds, or with other entries than PyTorch "
                    "writes. Save the weights anew with torch.save(model.state_dict(), 'model.pt')."
                )
            )
        )


def _limit_memory(size: int) -> None:
    """The file, its tensors and the result fit into this; a file that asks for more makes an allocation fail."""
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - not a file of ours
        data_pages = int(file.read().split()[5])
    limit = data_pages * resource.getpagesize() + 4 * size + SPARE_BYTES
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CPU, (LONGEST_CPU_SECONDS, LONGEST_CPU_SECONDS))


def _load(source: IO[bytes]) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.load(source, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise _not_only_tensors(error) from error
    except Exception as error:  # hostile files make torch raise nearly everything
        if failures.is_out_of_memory(error):
            raise Refused(
                Sentence(
                    gettext_noop(
                        "The file asks for far more memory than it has bytes ({size}). Save the weights anew with "
                        "torch.save(model.state_dict(), 'model.pt')."
                    ),
                    {"size": os.fstat(source.fileno()).st_size},
                )
            ) from error
        raise _not_readable(error) from error


def _named_tensors(loaded: Any) -> dict[str, Tensor]:
    """The state dict, also where a training program keeps it beside other things."""
    candidates = [loaded]
    if isinstance(loaded, Mapping):
        candidates += [loaded[name] for name in _WRAPPERS if name in loaded]
    for candidate in candidates:
        if _is_state_dict(candidate):
            return dict(candidate)
    found = named(map(str, loaded)) if isinstance(loaded, Mapping) else type(loaded).__name__
    raise Refused(
        Sentence(
            gettext_noop(
                "The file holds no names with tensors, neither itself nor under {wrappers}; found: {found}. Save the "
                "weights alone: torch.save(model.state_dict(), 'model.pt')."
            ),
            {"wrappers": ", ".join(_WRAPPERS), "found": found[:500] or "–"},
        )
    )


def _is_state_dict(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and len(value) > 0
        and all(isinstance(name, str) and isinstance(tensor, Tensor) for name, tensor in value.items())
    )


def _independent(tensors: dict[str, Tensor], size: int) -> dict[str, Tensor]:
    """Plain contiguous tensors that share no memory; a few bytes repeated into a huge tensor are refused."""
    for name, tensor in tensors.items():
        if tensor.layout != torch.strided or tensor.is_quantized or tensor.device.type != "cpu":
            raise Refused(
                Sentence(
                    gettext_noop("The tensor {name} is sparse, quantised or without content. Save plain tensors."),
                    {"name": name[:100]},
                )
            )
    needed = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
    if needed > 2 * size + SLACK_BYTES:  # tied weights count once a name
        raise Refused(
            Sentence(
                gettext_noop(
                    "The file's tensors claim {needed} bytes, the file has {size}. Save the weights anew with "
                    "torch.save(model.state_dict(), 'model.pt')."
                ),
                {"needed": needed, "size": size},
            )
        )
    return {name: tensor.detach().contiguous().clone() for name, tensor in tensors.items()}


def _write(tensors: dict[str, Tensor], metadata: dict[str, str], target: IO[bytes]) -> None:
    try:
        target.write(safetensors.torch.save(tensors, metadata))
        target.flush()
    except OSError as error:
        raise Refused(
            Sentence(
                gettext_noop("The converted model cannot be written ({error}). Free some space where it is to lie."),
                {"error": error.strerror or "–"},
            )
        ) from error
    except (KeyError, ValueError) as error:  # a type that the format lacks, such as complex128
        raise _not_readable(error) from error


def _not_readable(error: BaseException) -> Refused:
    return Refused(
        Sentence(
            gettext_noop(
                "The file cannot be read as PyTorch weights ({error}). Copy it again, or save the weights anew with "
                "torch.save(model.state_dict(), 'model.pt')."
            ),
            {"error": _first_words(error)},
        )
    )


def _not_only_tensors(error: BaseException) -> Refused:
    """Name the object that the unpickler refused; its error is a page of advice on how to allow it."""
    refused = re.search(r"GLOBAL ([\w.]{1,100})", str(error))
    template = (
        gettext_noop(
            "The file is a pickle of more than tensors ({found}). Unpickling such objects can run code, so it is not "
            "done here. Where you trust the file, load it and save its weights alone: "
            "safetensors.torch.save_file(model.state_dict(), 'model.safetensors')."
        )
        if refused
        else gettext_noop(
            "The file is damaged, or a pickle of other things than tensors. Unpickling can run code, so it is not "
            "done here. Where you trust the file, load it and save its weights alone: "
            "safetensors.torch.save_file(model.state_dict(), 'model.safetensors')."
        )
    )
    return Refused(Sentence(template, {"found": refused[1]} if refused else {}))


def _first_words(error: BaseException) -> str:
    """Torch's errors are long; their beginning is enough."""
    text = " ".join(str(error).split()).encode("utf-8", "replace").decode()
    return f"{type(error).__name__}: {text}"[:150]
