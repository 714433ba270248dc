from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("agents", "0005_decisions")]

    operations = [
        migrations.RemoveIndex(model_name="agentrun", name="agents_run_by_batch"),
        migrations.AddConstraint(
            model_name="agentrun",
            constraint=models.UniqueConstraint(
                condition=models.Q(("batch__isnull", False)),
                fields=("batch", "batch_row"),
                name="agents_run_once_a_row",
            ),
        ),
    ]
