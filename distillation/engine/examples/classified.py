"""Classified pictures: a frame in the colour of right or wrong, and the class with its probability."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from distillation.contract.sentence import Sentence, gettext_noop
from distillation.engine import drawing
from distillation.engine.examples.gallery import RIGHT, WRONG, Example, Material


class ClassifiedGallery:
    """Answers are logits ``[n, classes]``."""

    rule = Sentence(gettext_noop("Right is a picture whose likeliest class is the true one."))

    def __init__(self, material: Material, labels: NDArray[np.int64]) -> None:
        """``labels`` are those of every row of the pack."""
        self.material, self._labels = material, labels

    def right(self, answers: Tensor, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """The likeliest class is the true one."""
        return np.asarray(answers.argmax(dim=1).cpu().numpy() == self._labels[rows], np.bool_)

    def example(self, answers: Tensor, place: int, row: int) -> Example:
        """The picture in a frame with a caption."""
        probability, number = answers[place].float().softmax(dim=0).max(dim=0)
        true, predicted = self.material.classes[self._labels[row]], self.material.classes[int(number)]
        right = int(number) == self._labels[row]
        picture = self.material.picture(row)
        shown = drawing.draw(
            picture,
            np.array([[0, 0, *picture.size]], np.float32),
            [f"{predicted} {float(probability):.2f}" + ("" if right else f" ≠ {true}")],
            [RIGHT if right else WRONG],
        )
        return Example(shown, {"class": true}, {"class": predicted, "probability": round(float(probability), 4)})
