"""What the schema says of answers that several views give."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse

NO_SUCH_PAGE = OpenApiResponse(OpenApiTypes.OBJECT, "There are not that many pages.")
TOO_OFTEN = OpenApiResponse(OpenApiTypes.OBJECT, "Too many requests; Retry-After says for how many seconds.")
NO_SUCH_FILTER = OpenApiResponse(OpenApiTypes.OBJECT, "What is wrong with each query parameter.")
