"""Names for ids, the same in each run: whose round trip was the first with it, and how many that one has brought."""

import re

_ID = re.compile(rb"(?:aa|camp)_[0-9a-f]{18}")


class Names:
    """What actions and campaigns are called in footprints, which are compared with those of earlier runs."""

    def __init__(self) -> None:
        self._names: dict[bytes, str] = {}
        self._counts: dict[int, int] = {}

    def forget(self) -> None:
        """Begin a run anew."""
        self._names.clear()
        self._counts.clear()

    def note(self, actor: int, request: bytes) -> None:
        """Name what the round trip of the actor at this place is the first to speak of."""
        for text in _ID.findall(request):
            if text not in self._names:
                self._counts[actor] = self._counts.get(actor, 0) + 1
                prefix = text.partition(b"_")[0].decode()
                self._names[text] = f"{prefix} {self._counts[actor]} by {actor}"

    def of(self, text: str) -> str:
        """The name of an id, or the id."""
        return self._names.get(text.encode(), text)

    def within(self, parameters: bytes, prefix: bytes) -> list[str]:
        """The names of all ids of this kind in it."""
        return [self._names[text] for text in _ID.findall(parameters) if text.startswith(prefix)]
