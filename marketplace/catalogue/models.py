"""Makes and models that people can choose, and their other names.

Names are compared by their ``key`` (see ``names.name_key``), which every row derives from its name
or text when it is saved. ``services.catalogue_load`` writes the rows in bulk and sets the keys
itself.
"""

from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.text import slugify
from simple_history.models import HistoricalRecords

from marketplace.catalogue.names import name_key
from marketplace.text_fields import LineField

YEARS = (MinValueValidator(1885), MaxValueValidator(2100))


def slug_for(name: str) -> str:
    """The name in a URL: ``"Ka+"`` → ``"ka-plus"``, ``"Town & Co"`` → ``"town-and-co"``."""
    return slugify(name.replace("+", " plus ").replace("&", " and "), allow_unicode=True)


def _key_or_error(text: str, field: str) -> str:
    key = name_key(text)
    if not key:
        raise ValidationError({field: "This name needs at least one letter or digit."})
    return key


class CurrentManager(models.Manager[Any]):
    """The rows that people can choose: without those that were merged into another one.

    Decisions keep naming those, so that none is deleted; ``all_rows`` has them, too.
    """

    def get_queryset(self) -> models.QuerySet[Any]:
        return super().get_queryset().filter(merged_into=None)


class Make(models.Model):
    """A maker of cars, such as Škoda."""

    name = LineField(max_length=80)
    slug = models.SlugField(max_length=100, unique=True, allow_unicode=True, editable=False)
    key = models.CharField(max_length=100, unique=True, editable=False)
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="merged"
    )
    history = HistoricalRecords()

    objects: ClassVar[models.Manager["Make"]] = CurrentManager()
    all_rows: ClassVar[models.Manager["Make"]] = models.Manager()

    class Meta:
        ordering = ("key",)  # as people sort: Škoda among the S, smart too
        constraints = (
            models.CheckConstraint(
                condition=Q(merged_into=None) | ~Q(merged_into=F("pk")), name="catalogue_make_not_into_itself"
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def now(self) -> "Make":
        """The make that it was merged into, or itself."""
        return self.merged_into or self

    def clean(self) -> None:
        """Derive key and slug; refuse a name that another make already has."""
        self.key = _key_or_error(self.name, "name")
        self.slug = slug_for(self.name)
        taken = Make.all_rows.filter(Q(key=self.key) | Q(slug=self.slug)).exclude(pk=self.pk).first()
        if taken:
            raise ValidationError({"name": f"This is the same name as {taken.name}."})
        alias = MakeAlias.objects.filter(key=self.key).exclude(make_id=self.pk).select_related("make").first()
        if alias:
            raise ValidationError({"name": f"This is already another name of {alias.make.name}."})

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.key = name_key(self.name)
        self.slug = slug_for(self.name)
        super().save(*args, **kwargs)


class CarModel(models.Model):
    """A model of a make, such as Fabia. Body, engine and trim are not part of it."""

    make = models.ForeignKey(Make, on_delete=models.PROTECT, related_name="models")
    name = LineField(max_length=80)
    slug = models.SlugField(max_length=100, allow_unicode=True, editable=False)
    key = models.CharField(max_length=100, editable=False)
    first_year = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=YEARS, help_text="First year it was sold, where known. A hint, not a limit."
    )
    last_year = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=YEARS, help_text="Last year it was sold; empty while it still is."
    )
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="merged"
    )
    history = HistoricalRecords()

    objects: ClassVar[models.Manager["CarModel"]] = CurrentManager()
    all_rows: ClassVar[models.Manager["CarModel"]] = models.Manager()

    class Meta:
        ordering = ("key",)
        verbose_name = "model"
        constraints = (
            models.CheckConstraint(
                condition=Q(merged_into=None) | ~Q(merged_into=F("pk")), name="catalogue_model_not_into_itself"
            ),
            models.UniqueConstraint(fields=["make", "key"], name="catalogue_model_key"),
            models.UniqueConstraint(fields=["make", "slug"], name="catalogue_model_slug"),
            models.CheckConstraint(
                condition=Q(last_year__isnull=True) | Q(first_year__isnull=True) | Q(last_year__gte=F("first_year")),
                name="catalogue_model_years",
                violation_error_message="The last year cannot be before the first.",
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def now(self) -> "CarModel":
        """The model that it was merged into, or itself."""
        return self.merged_into or self

    def clean(self) -> None:
        """Derive key and slug; refuse a name that another model of this make already has."""
        self.key = _key_or_error(self.name, "name")
        self.slug = slug_for(self.name)
        siblings = CarModel.all_rows.filter(make_id=self.make_id).exclude(pk=self.pk)
        taken = siblings.filter(Q(key=self.key) | Q(slug=self.slug)).first()
        if taken:
            raise ValidationError({"name": f"This is the same name as {taken.name}."})
        aliases = ModelAlias.objects.filter(make_id=self.make_id, key=self.key).exclude(car_model_id=self.pk)
        alias = aliases.select_related("car_model").first()
        if alias:
            raise ValidationError({"name": f"This is already another name of {alias.car_model.name}."})

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.key = name_key(self.name)
        self.slug = slug_for(self.name)
        super().save(*args, **kwargs)


class MakeAlias(models.Model):
    """Another name of a make, such as VW."""

    make = models.ForeignKey(Make, on_delete=models.CASCADE, related_name="aliases")
    text = LineField(max_length=80)
    key = models.CharField(max_length=100, unique=True, editable=False)
    history = HistoricalRecords()

    class Meta:
        ordering = ("text",)
        verbose_name_plural = "make aliases"

    def __str__(self) -> str:
        return self.text

    def clean(self) -> None:
        """Derive the key; refuse a text that already names a make."""
        self.key = _key_or_error(self.text, "text")
        taken = Make.objects.filter(key=self.key).first()
        if taken:
            raise ValidationError({"text": f"{taken.name} is a make itself."})
        alias = MakeAlias.objects.filter(key=self.key).exclude(pk=self.pk).select_related("make").first()
        if alias:
            raise ValidationError({"text": f"This is already another name of {alias.make.name}."})

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.key = name_key(self.text)
        super().save(*args, **kwargs)


class ModelAlias(models.Model):
    """Another name of a model of its make.

    It may be a badge (320d), another spelling (Serie 3) or a body (3 Series Sedan).
    """

    make = models.ForeignKey(Make, on_delete=models.CASCADE, related_name="model_aliases", editable=False)
    car_model = models.ForeignKey(CarModel, on_delete=models.CASCADE, related_name="aliases", verbose_name="model")
    text = LineField(max_length=80)
    key = models.CharField(max_length=100, editable=False)
    history = HistoricalRecords()

    class Meta:
        ordering = ("text",)
        verbose_name_plural = "model aliases"
        constraints = (models.UniqueConstraint(fields=["make", "key"], name="catalogue_model_alias_key"),)

    def __str__(self) -> str:
        return self.text

    def clean(self) -> None:
        """Derive make and key; refuse a text that already names a model of the make."""
        self.key = _key_or_error(self.text, "text")
        # In a form that adds a model with its aliases, the model is not saved: no id, but a make.
        car_model: CarModel | None = getattr(self, "car_model", None)
        if car_model is None or not car_model.make_id:
            return  # the form reports the missing field itself
        self.make = car_model.make
        if name_key(car_model.name) == self.key:
            raise ValidationError({"text": "This is the model's own name."})
        taken = CarModel.objects.filter(make=self.make, key=self.key).first()
        if taken:
            raise ValidationError({"text": f"{taken.name} is a model itself."})
        aliases = ModelAlias.objects.filter(make=self.make, key=self.key).exclude(pk=self.pk)
        alias = aliases.select_related("car_model").first()
        if alias:
            raise ValidationError({"text": f"This is already another name of {alias.car_model.name}."})

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.make = self.car_model.make
        self.key = name_key(self.text)
        super().save(*args, **kwargs)


class CatalogueMerge(models.Model):
    """A make or model that was merged into another one, and all that an undo needs."""

    make = models.ForeignKey(Make, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    car_model = models.ForeignKey(CarModel, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    into_make = models.ForeignKey(Make, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    into_model = models.ForeignKey(CarModel, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    moved = models.JSONField(default=dict, help_text="What was changed, for the undo: see catalogue.merging.")
    listings = models.JSONField(default=list, help_text="Keys of the listings that follow, for the undo.")
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-pk",)
        constraints = (
            models.CheckConstraint(
                condition=Q(make__isnull=False, into_make__isnull=False, car_model=None, into_model=None)
                | Q(make=None, into_make=None, car_model__isnull=False, into_model__isnull=False),
                name="catalogue_merge_of_one_kind",
            ),
        )

    def __str__(self) -> str:
        return f"{self.make or self.car_model} → {self.into_make or self.into_model}"
