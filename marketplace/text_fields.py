"""Model and form fields for text that people type: cleaned before it is measured or stored.

Both use the same functions (``marketplace.texts``), so a length means the same in a form, in a
service and in the database. Values that skip ``full_clean`` are cleaned when they are written, by
``update`` as well.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from marketplace.texts import line_clean, paragraphs_clean

if TYPE_CHECKING:
    CharColumn = models.CharField[str, str]
    TextColumn = models.TextField[str, str]
else:  # no generics at run time
    CharColumn = models.CharField
    TextColumn = models.TextField


class LineFormField(forms.CharField):
    """One line of text."""

    def to_python(self, value: Any) -> Any:
        return line_clean(super().to_python(value) or "") or self.empty_value


class ParagraphsFormField(forms.CharField):
    """Text of several lines; a line break is one character, as the browser counts it."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> Any:
        return paragraphs_clean(super().to_python(value) or "") or self.empty_value


class _CleanText:
    """Cleans the text of both columns, whichever way it reaches them."""

    attname: str

    @staticmethod
    def clean_text(text: str) -> str:
        raise NotImplementedError

    def to_python(self, value: Any) -> Any:
        return self._clean(super().to_python(value))  # type: ignore[misc]  # super() is the column, here and below

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        value = self._clean(super().pre_save(model_instance, add))  # type: ignore[misc]
        setattr(model_instance, self.attname, value)
        return value

    def get_db_prep_save(self, value: Any, connection: BaseDatabaseWrapper) -> Any:
        return super().get_db_prep_save(self._clean(value), connection)  # type: ignore[misc]

    def _clean(self, value: Any) -> Any:
        return self.clean_text(value) if isinstance(value, str) else value


class LineField(_CleanText, CharColumn):
    """A column for one line of text."""

    clean_text = staticmethod(line_clean)

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"form_class": LineFormField, **kwargs})

    def deconstruct(self) -> Any:
        # The database column is an ordinary one, so migrations need not know this class.
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs


class ParagraphsField(_CleanText, TextColumn):
    """A column for text of several lines. Unlike Django's, it checks ``max_length`` itself."""

    clean_text = staticmethod(paragraphs_clean)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.max_length is not None:
            self.validators.append(MaxLengthValidator(self.max_length))

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"form_class": ParagraphsFormField, **kwargs})

    def deconstruct(self) -> Any:
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.TextField", args, kwargs


def texts_cleaned(model: type[models.Model], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values by field name, with texts cleaned as the model's columns clean them."""
    return {
        name: field.to_python(value) if isinstance(field := model._meta.get_field(name), _CleanText) else value
        for name, value in values.items()
    }
