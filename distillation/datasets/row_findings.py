"""What is wrong with single rows of tables and arrays: sequences and texts, where no pictures are."""

from __future__ import annotations

from distillation.contract.sentence import Sentence, gettext_noop
from distillation.datasets import layout
from distillation.datasets.findings import Findings
from distillation.datasets.samples import Finding

TEMPLATES = {
    "malformed_row": gettext_noop(
        "{count} rows are not written as their format asks and were left out: {names}. Correct or remove them."
    ),
    "empty_row": gettext_noop("{count} rows hold nothing and were left out: {names}. Fill or remove them."),
    "not_finite": gettext_noop(
        "{count} series hold a value that is no finite number and were left out: {names}. Fill the gaps or remove them."
    ),
    "label_out_of_range": gettext_noop(
        "{count} rows have a label that the list of classes does not have and were left out: {names}. Correct them, "
        "or move them to the unlabelled ones."
    ),
    "missing_row_label": gettext_noop(
        "{count} rows of the validation data have no label and were left out: {names}. Label or remove them."
    ),
    "two_labels": gettext_noop(
        "{count} series have more than one label and were left out: {names}. Give every row of a series the same label."
    ),
    "unequal_length": gettext_noop(
        "{count} series are shorter than the longest one and were filled up with zeros at their end: {names}. Nothing "
        "needs to be done where that is meant."
    ),
    "duplicate_row": gettext_noop(
        "{count} rows of the training data are also in the validation data and were left out of training: {names}. "
        "Keep each in one of the two."
    ),
}
"""By kind. Places: ``count`` and ``names``."""


class RowFindings(Findings):
    """Counts by kind of ``TEMPLATES`` of this module; a name is a file and a place in it."""

    def as_tuple(self) -> tuple[Finding, ...]:
        """One finding a kind, in the order of ``TEMPLATES``."""
        return tuple(
            Finding(kind, found.count, Sentence(template, {"count": found.count, "names": layout.named(found.names)}))
            for kind, template in TEMPLATES.items()
            if (found := self._kinds.get(kind))
        )
