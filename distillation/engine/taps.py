"""Read what layers inside a network hold, by forward hooks: of a student with its graph, of a teacher without.

A hook that does not fire makes feature distillation do nothing without a word, so every tap must fire exactly once a
forward pass. Nothing is held longer than a step: what is not taken is dropped at the next forward pass.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any, Self

from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from distillation.contract.sentence import Refused, Sentence, gettext_noop

NEAR = 5
"""Paths that are named to somebody who mistyped one."""


def module_paths(model: nn.Module) -> list[str]:
    """The paths that can be tapped, such as ``layer3.0.conv1``, in the order of definition."""
    return [path for path, _ in model.named_modules() if path]


class Taps:
    """Hooks on some layers of one model; use as a context, or close it. Several models take one each.

    A tapped layer answers with a map ``[B, C, H, W]``, tokens ``[B, N, C]`` or a vector ``[B, C]``; of a tuple or a
    list the first entry is read (recurrent layers and transformer blocks put their features there).
    """

    def __init__(self, model: nn.Module, paths: Sequence[str]) -> None:
        """Raises Refused for no path, a path given twice, or one that the model does not have."""
        modules = {path: module for path, module in model.named_modules(remove_duplicate=False) if path}
        _require_paths(paths, modules)
        self.paths = tuple(paths)
        self._fired: dict[str, list[Any]] = {path: [] for path in paths}
        self._hooks: list[RemovableHandle] = [model.register_forward_pre_hook(self._begin)]
        for path in paths:
            self._hooks.append(modules[path].register_forward_hook(self._reader(path)))

    def taken(self) -> dict[str, Tensor]:
        """Hand over what the last forward pass of the model left at each path, and keep nothing of it.

        Raises Refused when a tap did not fire, fired twice (a shared layer), or read something that is no feature.
        """
        fired = {path: tuple(values) for path, values in self._fired.items()}
        self.drop()
        for path, values in fired.items():
            if len(values) != 1:
                raise _fired(path, len(values))
        return {path: _feature(path, value) for path, (value,) in fired.items()}

    def drop(self) -> None:
        """Forget what was read, for passes whose features nobody takes (a validation)."""
        for values in self._fired.values():
            values.clear()

    def close(self) -> None:
        """Take the hooks off the model."""
        for hook in self._hooks:
            hook.remove()
        self._hooks.clear()
        self.drop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def _begin(self, _model: nn.Module, _inputs: Any) -> None:
        self.drop()

    def _reader(self, path: str) -> Any:
        values = self._fired[path]

        def read(_module: nn.Module, _inputs: Any, output: Any) -> None:
            values.append(output)

        return read


def _require_paths(paths: Sequence[str], modules: dict[str, nn.Module]) -> None:
    if not paths:
        raise Refused(Sentence(gettext_noop("No layer is named whose features shall be compared. Name one at least.")))
    for number, path in enumerate(paths):
        if path in paths[:number]:
            raise Refused(Sentence(gettext_noop("The layer {path} is named twice. Name it once."), {"path": path}))
        if path not in modules:
            raise Refused(
                Sentence(
                    gettext_noop("The model has no layer {path}. Near names: {names}."),
                    {"path": path, "names": ", ".join(_near(path, list(modules)))},
                )
            )


def _near(path: str, known: list[str]) -> list[str]:
    """Like it; else the first ones, so that one sees how paths look here."""
    return difflib.get_close_matches(path, known, NEAR, cutoff=0.5) or known[:NEAR]


def feature_of(value: Any) -> Tensor | None:
    """What a layer answered as a feature; None for something that is none."""
    if isinstance(value, (tuple, list)) and value:
        value = value[0]
    return value if isinstance(value, Tensor) and value.dim() in (2, 3, 4) else None


def _feature(path: str, value: Any) -> Tensor:
    found = feature_of(value)
    if found is not None:
        return found
    shape = str(list(value.shape)) if isinstance(value, Tensor) else type(value).__name__
    raise Refused(
        Sentence(
            gettext_noop(
                "The layer {path} answers with {shape}, which is no map [B, C, H, W], no tokens [B, N, C] and no "
                "vector [B, C]. Choose another layer."
            ),
            {"path": path, "shape": shape},
        )
    )


def _fired(path: str, times: int) -> Refused:
    if times == 0:
        return Refused(
            Sentence(
                gettext_noop(
                    "The layer {path} did not run in the model's forward pass, so its features teach nothing. "
                    "Choose a layer that is used."
                ),
                {"path": path},
            )
        )
    return Refused(
        Sentence(
            gettext_noop(
                "The layer {path} ran {times} times in one forward pass, so it is unclear which of its answers is "
                "meant. Choose a layer that runs once."
            ),
            {"path": path, "times": times},
        )
    )
