"""What the schema says of answers that several views give."""

from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse

NO_SUCH_PAGE = OpenApiResponse(OpenApiTypes.OBJECT, _("There are not that many pages."))
TOO_OFTEN = OpenApiResponse(OpenApiTypes.OBJECT, _("Too many requests; Retry-After says for how many seconds."))
NO_SUCH_FILTER = OpenApiResponse(OpenApiTypes.OBJECT, _("What is wrong with each query parameter."))
