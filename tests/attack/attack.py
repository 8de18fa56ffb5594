"""What an attack is."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.attack.lab import Lab
from tests.attack.wire import Shot

Plan = Callable[[Lab], list[Shot]]


@dataclass(frozen=True, slots=True)
class Attack:
    """One row of the table: what is sent (in words), and the plan that prepares it."""

    name: str
    sends: str
    plan: Plan
    seconds: float = 30  # how long it lasts at most
    answered: float = 5  # seconds after which an answer is due, beside those for the rows that are accepted
    delays_own_imports: bool = False  # its actions are ahead of those of its own key, or it cancels these
