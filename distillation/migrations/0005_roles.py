"""The roles as groups. Whoever had an account before there were roles goes on working: as an engineer."""

from django.db import migrations

ROLES = ("R_ADMIN", "R_ENGINEER", "R_ANNOTATOR", "R_VIEWER")


def forwards(apps, schema_editor):
    group = apps.get_model("auth", "Group")
    roles = {name: group.objects.get_or_create(name=name)[0] for name in ROLES}
    for user in apps.get_model("auth", "User").objects.filter(is_active=True, is_superuser=False):
        if not user.groups.filter(name__in=ROLES).exists():
            user.groups.add(roles["R_ENGINEER"])


class Migration(migrations.Migration):
    dependencies = [("distillation", "0004_rights"), ("auth", "0012_alter_user_first_name_max_length")]
    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
