"""The table of action types, each one short declaration."""

from tallykeep.catalog.nouns import NOUNS
from tallykeep.catalog.personal_data.erasure import permanent_deletion
from tallykeep.core.action_type import ActionType
from tallykeep.core.compatibility import Compatibility
from tallykeep.core.results import count_result
from tallykeep.db.gates import PROJECT
from tallykeep.engine.managing.deletion_planning import plan_deletion
from tallykeep.engine.managing.project_deletion import begin_project_deletion
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

# The installation's own, which is submitted to no project and seen in none.
PROJECT_DELETION = ActionType(
    name="PROJECTS.DELETE",
    path="/management/v1/projects/{project_id}",
    summary="Delete project",
    label="Project deletion",
    source="planned",
    noun="row",
    depends_on=(PROJECT,),
    verb="Deleted",
    deletes=True,
    result=count_result,
    begin=begin_project_deletion,
    plan=plan_deletion,
)

# All that workers apply.
APPLIED_TYPES: dict[str, ActionType] = {**ACTION_TYPES, PROJECT_DELETION.name: PROJECT_DELETION}

# How submissions of single types stand to the reference API's, beyond what is true of all that come in the same way.
COMPATIBILITY: dict[str, Compatibility] = {
    **vouchers.COMPATIBILITY,
    **{
        action_type.name: Compatibility(ours=True)
        for noun in NOUNS
        if noun.spec.compatibility is None
        for action_type in noun.action_types
    },
}
