from django.apps import AppConfig


class TradeConfig(AppConfig):
    name = "marketplace.trade"
    default_auto_field = "django.db.models.BigAutoField"
