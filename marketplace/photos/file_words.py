"""What kinds of files are called: classifier.formats, which knows no Django, says it in English."""

from django.utils.translation import gettext, gettext_noop

FILES = frozenset(
    {
        gettext_noop("a JPEG picture"),
        gettext_noop("a PNG picture"),
        gettext_noop("a WebP picture"),
        gettext_noop("an iPhone picture (HEIC)"),
        gettext_noop("a TIFF picture"),
        gettext_noop("a GIF picture"),
        gettext_noop("a BMP picture"),
        gettext_noop("a Photoshop document"),
        gettext_noop("a JPEG 2000 picture"),
        gettext_noop("a JPEG XL picture"),
        gettext_noop("a PostScript drawing"),
        gettext_noop("a Windows drawing (WMF)"),
        gettext_noop("an icon"),
        gettext_noop("a DDS texture"),
        gettext_noop("an AVIF picture"),
        gettext_noop("an SVG drawing"),
        gettext_noop("a PDF document"),
        gettext_noop("an Office document"),
        gettext_noop("a ZIP archive or an Office document"),
        gettext_noop("a RAR archive"),
        gettext_noop("a video"),
        gettext_noop("a web page"),
    }
)
"""All that it says; they finish the sentence "This file is …"."""


def file_words(said: str) -> str:
    """The same in the visitor's language."""
    return gettext(said)


def formats_words(names: str) -> str:
    """``"JPEG, PNG or WebP"`` in the visitor's language."""
    several, _or, last = names.rpartition(" or ")
    return gettext("%(several)s or %(last)s") % {"several": several, "last": last} if several else last
