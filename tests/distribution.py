"""Which tests stay together, when several processes share them: those of a file, and those of some whole folders."""

from xdist.scheduler import LoadFileScheduling

# What one scene takes to set up is many times what lies between two of its tests.
_TOGETHER = ("tests/outages/",)


class ByFile(LoadFileScheduling):
    """Hands out files, and the folders that stay together, in the order of the tests."""

    def _split_scope(self, nodeid: str) -> str:
        return next((folder for folder in _TOGETHER if nodeid.startswith(folder)), super()._split_scope(nodeid))
