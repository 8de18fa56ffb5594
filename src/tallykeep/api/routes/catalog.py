"""The catalog: action types, row types and lists, for clients that show people what they can do."""

from fastapi import APIRouter

from tallykeep.api.dependencies.auth import FromCaller
from tallykeep.api.dependencies.permissions import needs
from tallykeep.api.openapi import answers
from tallykeep.api.responses.answers import Json
from tallykeep.catalog.contents import Catalog, contents
from tallykeep.core.compatibility import OURS
from tallykeep.tenants.permissions import Permission

router = APIRouter(prefix="/v1/catalog", tags=["Submissions"], default_response_class=Json)


@router.get("", summary="Get catalog", openapi_extra=needs(Permission.CATALOG_READ) | OURS | answers(Catalog))
async def get_catalog(caller: FromCaller) -> Json:
    """The action types, the types of rows that can be imported, and the resources that are listed, with their names."""
    return Json(contents())
