"""LoRA (Hu et al. 2022): which modules of a network get adapters, putting them in, taking them out again."""

from distillation.engine.lora.adapter import Inserted, StoredAdapter, adapted_layers, insert, merge, merged, restore
from distillation.engine.lora.modules import Chosen, choose

__all__ = [
    "Chosen",
    "Inserted",
    "StoredAdapter",
    "adapted_layers",
    "choose",
    "insert",
    "merge",
    "merged",
    "restore",
]
