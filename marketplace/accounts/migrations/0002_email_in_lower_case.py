from django.db import migrations, models
from django.db.models.functions import Lower


def lower(apps, schema_editor):
    """Lower all addresses.

    It fails if two accounts differ only by case: the operator must decide which of them stays.
    """
    apps.get_model("accounts", "User").objects.update(email=Lower("email"))


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0001_initial'),
    ]

    operations = [
        migrations.RunPython(lower, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.UniqueConstraint(Lower('email'), name='accounts_user_email_once', violation_error_message='Somebody has this e-mail address already.'),
        ),
    ]
