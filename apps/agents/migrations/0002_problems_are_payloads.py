"""Why a run failed quotes its input, so it is kept as a payload. The old column stays for the release before, empty."""

import json
from typing import Any

from django.db import migrations, models

from apps.tenants.fields import PayloadField, sealed_for


def move(apps: Any, schema_editor: Any) -> None:
    runs = apps.get_model("agents", "AgentRun")
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("select id, problem::text from agents_agentrun where problem is not null")
        for key, text in cursor.fetchall():
            problem = json.loads(text)
            sealed = sealed_for(runs(pk=key), problem=problem)
            runs.objects.filter(pk=key).update(**sealed, problem_code=problem["code"])
        cursor.execute("update agents_agentrun set problem = null where problem is not null")


class Migration(migrations.Migration):
    dependencies = [
        ("agents", "0001_initial"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[migrations.RemoveField(model_name="agentrun", name="problem")]
        ),
        migrations.AddField(
            model_name="agentrun",
            name="problem",
            field=PayloadField(
                db_column="problem_sealed",
                help_text="Why the run failed: code, title, detail, remedy, issues.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="agentrun",
            name="problem_code",
            field=models.CharField(blank=True, db_default="", default="", max_length=50),
        ),
        migrations.RunPython(move, migrations.RunPython.noop),
    ]
