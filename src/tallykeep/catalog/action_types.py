"""The table of action types, each one short declaration."""

from tallykeep.catalog.nouns import NOUNS
from tallykeep.catalog.personal_data.erasure import permanent_deletion
from tallykeep.core.action_type import ActionType
from tallykeep.core.compatibility import Compatibility
from tallykeep.resources.campaigns import action_types as campaigns
from tallykeep.resources.vouchers import action_types as vouchers

_WITH_ROWS = (
    *vouchers.TYPES,
    *campaigns.TYPES,
    *(action_type for noun in NOUNS for action_type in noun.action_types),
)

ACTION_TYPES: dict[str, ActionType] = {
    action_type.name: action_type for action_type in (*_WITH_ROWS, permanent_deletion(_WITH_ROWS))
}

# How submissions of single types stand to the reference API's, beyond what is true of all that come in the same way.
COMPATIBILITY: dict[str, Compatibility] = {**vouchers.COMPATIBILITY}
