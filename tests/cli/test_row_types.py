"""The command line's own table of routes is the API's."""

import re

from tallykeep.catalog.action_types import ACTION_TYPES
from tallykeep.cli.kit.row_types import IMPORTED, ROW_TYPES, UPDATED

_ROUTE = re.compile(r"/v1/(.+)/(importCSV|import|bulk/async)")


def _routes() -> dict[str, tuple[str, str, object]]:
    """Each route that takes rows: its verb by its name, its form, and what applies its rows."""
    return {
        each.path: ("update" if each.path.endswith("/bulk/async") else "import", each.source, each.begin)
        for each in ACTION_TYPES.values()
        if _ROUTE.fullmatch(each.path) and each.source in ("csv", "json")
    }


def test_every_route_that_takes_rows_is_known_by_its_form_and_no_other() -> None:
    routes = _routes()
    known = {path for row_type in ROW_TYPES.values() for path in row_type.paths.values()}
    assert known == set(routes)
    assert tuple(ROW_TYPES) == IMPORTED
    assert [name for name in ROW_TYPES if ("update", "json") in ROW_TYPES[name].paths] == list(UPDATED)
    for row_type in ROW_TYPES.values():
        for (verb, form), path in row_type.paths.items():
            of_route, source, begin = routes[path]
            assert source == form
            if of_route != verb:  # a bulk update imports where it does what the import of files does
                assert begin == routes[row_type.paths["import", "csv"]][2]
