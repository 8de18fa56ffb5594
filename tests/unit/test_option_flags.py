"""The API's messages, with a command's own flags in place of fields."""

import inspect

import pytest

from tallykeep.cli.commands import actions, campaigns, imports, webhooks
from tallykeep.cli.commands.access import audit, keys
from tallykeep.cli.kit.option_flags import in_flags, typed_names


@pytest.mark.parametrize(
    ("command", "message", "shown"),
    [
        (
            keys.create,
            "Property .expires_at should be a time such as 2027-01-31T12:00:00Z, or null",
            "--expires should be a time such as 2027-01-31T12:00:00Z, or never",
        ),
        (
            keys.create,
            "Property .scopes should be an array of permissions, such as vouchers.read, or null",
            "--scope should be an array of permissions, such as vouchers.read, or all",
        ),
        (keys.create, "Property .addresses should have networks", "--address should have networks"),
        (keys.rotate, "Property .overlap_seconds should be a whole number", "--overlap should be a whole number"),
        (keys.revoke, "Keys of several kinds have the id x; say which with kind", "… the id x; say which with --kind"),
        (webhooks.create, "Property .target_url has no host", "URL has no host"),
        (webhooks.update, "Property .target_url has no host", "--target-url has no host"),
        (webhooks.update, "Property .events: 'x' is no event", "--event: 'x' is no event"),
        (webhooks.update, "Property .active should be true or false", "--active should be true or false"),
        (audit.list_, "Property .from cannot be recognized", "--since cannot be recognized"),
        (audit.list_, "Property .resource_id is too long", "--resource is too long"),
        (actions.list_, "Property .type must be one of X", "--type must be one of X"),
        (actions.list_, "Property .start_date cannot be recognized", "--since cannot be recognized"),
        (
            actions.retry,
            "No row failed; 3 are unprocessed, include_unprocessed=true takes them along",
            "No row failed; 3 are unprocessed, --include-unprocessed takes them along",
        ),
        (actions.retry, "Property .max_failures goes with on_error=stop only",
         "--max-failures goes with --on-error stop only"),
        (imports.import_, "There are titles in row 1 and in row 4; say with header_row which row has those",
         "There are titles in row 1 and in row 4; say with --header-row which row has those"),
        (imports.import_, "Property .mapping names the column 'x' twice", "--map names the column 'x' twice"),
        (imports.import_, "Property .defaults cannot give 'Code'", "--default cannot give 'Code'"),
        (campaigns.generate, "Property .vouchers_count should be 1 or more", "--count should be 1 or more"),
        # What is no flag here, or no field, stays as it is.
        (keys.list_, "Property .expires_at is past", "Property .expires_at is past"),
        (keys.create, "delete it with force=true", "delete it with force=true"),
        (keys.create, "Cannot find campaign with name Fall", "Cannot find campaign with name Fall"),
    ],
)  # fmt: skip
def test_messages_name_what_is_typed(command: object, message: str, shown: str) -> None:
    assert callable(command)
    assert in_flags(message, typed_names(command)).endswith(shown.removeprefix("… "))


def test_every_flag_is_found() -> None:
    typed = typed_names(keys.create)
    assert {"--name", "--kind", "--role", "--scope", "--expires", "--address"} <= set(typed.values())
    assert set(typed) <= set(inspect.signature(keys.create).parameters)
