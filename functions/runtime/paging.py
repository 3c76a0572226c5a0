"""Lists in pages."""

from typing import Annotated

from pydantic import BaseModel, Field

from functions.runtime.fields import OneTo
from functions.runtime.parameters import Query

# Beyond it a page's first row is no 64-bit number any more.
MAX_PAGE = 10**9

PageNumber = Annotated[int, OneTo(MAX_PAGE), Query(description="From 1")]
PageSize = Annotated[int, OneTo(200), Query(description="Rows of a page")]


class Page(BaseModel):
    """What every list says of itself; a subclass adds the rows under their own name."""

    total: int = Field(description="Rows on all pages")
    page: int
    page_size: int
    total_pages: int = Field(description="1 for an empty list")


def paged(total: int, page: int, page_size: int) -> dict[str, int]:
    """What a `Page` says of itself."""
    pages = max(1, -(-total // page_size))
    return {"total": total, "page": page, "page_size": page_size, "total_pages": pages}
