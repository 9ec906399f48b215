from django.apps import AppConfig


class OperatorPagesConfig(AppConfig):
    name = "marketplace.operator_pages"
    label = "operator_pages"
    default_auto_field = "django.db.models.BigAutoField"
