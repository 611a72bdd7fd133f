"""The four LoRA presets that every installation has."""

import json

from django.db import migrations

QV = ["q_proj", "v_proj"]
QKVO = ["q_proj", "v_proj", "k_proj", "o_proj"]
PRESETS = (
    ("标准配置", "适合大多数任务", 16, 32, "0.05", QV),
    ("高效配置", "参数更少，训练更快", 8, 16, "0.05", QV),
    ("高精度配置", "秩更高，覆盖全部注意力投影", 32, 64, "0.03", QKVO),
    ("全参数配置", "注意力与前馈层全部适配", 16, 32, "0.05", [*QKVO, "gate_proj", "up_proj", "down_proj"]),
)


def forwards(apps, schema_editor):
    preset = apps.get_model("distillation", "LoraPreset")
    for name, description, rank, alpha, dropout, modules in PRESETS:
        preset.objects.get_or_create(
            preset_name=name,
            defaults={
                "preset_desc": description,
                "lora_rank": rank,
                "lora_alpha": alpha,
                "lora_dropout": dropout,
                "target_modules": json.dumps(modules),
                "create_by": "system",
            },
        )


class Migration(migrations.Migration):
    dependencies = [("distillation", "0002_mysql_update_time")]
    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
