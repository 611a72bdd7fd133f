"""Of every option of the catalogue: where it acts, the tests that fail when it has no effect or a neighbour's, and what
these compare it with.
"""

from distillation.tests.option_proofs.of_method import METHOD
from distillation.tests.option_proofs.of_tasks import BASICS, DATA, MODELS
from distillation.tests.option_proofs.of_training import LORA, TRAINING
from distillation.tests.option_proofs.proof import Proof

GROUPS: dict[str, dict[str, Proof]] = {
    "basics": BASICS,
    "data": DATA,
    "models": MODELS,
    "method": METHOD,
    "training": TRAINING,
    "lora": LORA,
}
"""By the groups of the catalogue, in its order."""

PROOFS: dict[str, Proof] = {name: proof for proofs in GROUPS.values() for name, proof in proofs.items()}

__all__ = ["GROUPS", "PROOFS", "Proof"]
