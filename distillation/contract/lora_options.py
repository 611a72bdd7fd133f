"""The options of LoRA; part of the catalogue in ``options``."""

from __future__ import annotations

from distillation.contract.option import Option
from distillation.contract.sentence import gettext_noop

LORA: tuple[Option, ...] = (
    Option(
        "loraTarget", "text", "lora", gettext_noop("LoRA target"),
        gettext_noop(
            "Who learns through adapters. teacher: from the labels, before it teaches. student: from first weights that "
            "exist, which stay as they are but for the last layer."
        ),
        default="none", choices=("none", "teacher", "student"), config_path=("loraTarget",),
    ),
    Option(
        "loraPreset", "text", "lora", gettext_noop("LoRA preset"),
        gettext_noop("Fills the LoRA values that are left empty."), max_length=100, config_path=("loraPreset",),
    ),
    Option(
        "loraRank", "integer", "lora", gettext_noop("LoRA rank"), gettext_noop("Width of the adapter."),
        default=16, minimum=1, maximum=1024, column="lora_rank", zero_in_direct=True,
    ),
    Option(
        "loraAlpha", "integer", "lora", gettext_noop("LoRA alpha"),
        gettext_noop("Scale of the adapter, which counts alpha / rank times."),
        default=32, minimum=1, maximum=4096, column="lora_alpha", zero_in_direct=True,
    ),
    Option(
        "loraDropout", "number", "lora", gettext_noop("LoRA dropout"), gettext_noop("Dropout inside the adapter."),
        default=0.05, minimum=0, maximum=0.999, decimals=3, column="lora_dropout", zero_in_direct=True,
    ),
    Option(
        "loraTargetModules", "list", "lora", gettext_noop("LoRA modules"),
        gettext_noop(
            "Names of the adapted modules, such as q_proj, v_proj; usual synonyms are known. Empty: query and value, or "
            "the convolutions of a network without them."
        ),
        max_length=500, config_path=("loraAdvancedConfig", "targetModules"),
    ),
    Option(
        "loraLayers", "text", "lora", gettext_noop("LoRA layers"),
        gettext_noop("all, or numbers from 0 such as 0-11 or 0,2,8-11, among the layers with such modules."),
        default="all", max_length=100, config_path=("loraAdvancedConfig", "layers"),
    ),
    Option(
        "loraBiasTrain", "text", "lora", gettext_noop("LoRA biases"),
        gettext_noop("Which biases learn beside the adapters: none, those of adapted modules, or all."),
        default="none", choices=("none", "lora_only", "all"), config_path=("loraAdvancedConfig", "biasTrain"),
    ),
    Option(
        "loraEpochs", "integer", "lora", gettext_noop("LoRA epochs"),
        gettext_noop("Passes over the labelled pictures in which a teacher is adapted before it teaches."),
        default=5, minimum=1, maximum=10_000, config_path=("loraEpochs",), direct=False,
    ),
)
