"""Report files without the lines about a person."""

import asyncio

from tallykeep.db.queries import queries
from tallykeep.engine.erasing.report_lines import ReportLines
from tallykeep.engine.erasing.steps import Step
from tallykeep.formats.people.person import Person

_sql = queries(__package__, "erasing.sql")


async def erase_from_reports(step: Step, person: Person) -> None:
    """Erase the person from the report files of a step; each line stays, without its key."""
    behind = step.start
    while parts := await step.fetch(_sql.next_report_part, behind):
        (part,) = parts
        behind = part["action_id"], part["first_row"]
        lines = ReportLines(part["body"], part["type"] in step.people)
        body = await asyncio.to_thread(lines.without, person)
        if body is not None:
            await step.write(_sql.rewrite_report_part, part["action_id"], first_row=part["first_row"], body=body)
