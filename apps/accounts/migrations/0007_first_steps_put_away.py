from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_provisioning_and_visits"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="first_steps_put_away_at",
            field=models.DateTimeField(
                blank=True,
                help_text="When they wanted the first steps off their dashboard. Null: they are shown.",
                null=True,
            ),
        ),
    ]
