"""Mutants that survive, each with the reason why nothing is wrong with that."""

KNOWN: dict[str, str] = {
    "engine/scheduling/fair_scheduling.py module: 10 turned to 11": (
        "how many seconds an action of one batch counts as having waited is a choice, and no promise"
    ),
    (
        "engine/recovering/rescuer.sql find_stranded_projects: "
        "<= turned to < in «statement_timestamp()) <= statement_timestamp() +»"
    ): ("differs for a job that is put off by the longest delay to the microsecond; no action is left behind by it"),
    (
        "resources/campaigns/store.sql running_actions: source -> 'parameters' ->> 'campaign_id' = ANY (:ids) taken as"
        " true"
    ): ("actions of other campaigns would be read, too, and not used: each is looked up by its campaign's id"),
    (
        "engine/intake/accept.py Acceptance._take_in: "
        "action_type.decimal_marks if submission.earlier is None els… taken as True"
    ): ("the marks of a retry would be looked for in vain: with_marks takes those of the file that is retried"),
}
