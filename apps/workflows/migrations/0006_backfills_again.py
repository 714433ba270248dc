from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("workflows", "0005_who_had_a_part"),
    ]

    operations = [
        migrations.AddField(
            model_name="backfill",
            name="again",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Whether it takes times, too, for which a run was started before.",
            ),
        ),
        migrations.AlterField(
            model_name="backfill",
            name="total",
            field=models.PositiveIntegerField(
                help_text="Times of the schedule between the two, for which it starts runs."
            ),
        ),
    ]
