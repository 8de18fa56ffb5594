"""The pages that are made from the code are the ones that lie in docs/."""

from docs.write import PAGE, compatibility_page, operations


def test_the_compatibility_page_is_up_to_date() -> None:
    assert PAGE.read_text() == compatibility_page(), "docs/compatibility.md is out of date; run `make docs`"


def test_nothing_is_both_refused_and_taken() -> None:
    for endpoint, operation in operations().items():
        declared = operation.get("x-compatibility", {})
        taken = {*declared.get("kept", ()), *declared.get("unused", ())}
        assert not taken.intersection(declared.get("refused", ())), endpoint
