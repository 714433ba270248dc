from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("gateway", "0002_refresh_and_idempotency"),
    ]

    operations = [
        migrations.AddField(
            model_name="refreshtoken",
            name="password_mark",
            field=models.CharField(
                default="", help_text="What the password was: a new one ends the token.", max_length=16
            ),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name="refreshtoken",
            name="family",
            field=models.UUIDField(db_index=True, help_text="The id of the first of them."),
        ),
    ]
