"""COPY's text in pieces: together they are all lines, each behind what all have in common."""

from hypothesis import given
from hypothesis import strategies as st

from tallykeep.db.copy_format import copy_pieces

_LARGEST = 4 << 16  # bytes: characters take four at most


@given(
    st.lists(st.tuples(st.text("aé😀\t", max_size=20), st.integers(0, 3_000)), max_size=400),
    st.sampled_from(["", "1\t2026-11-28T00:00:00+00:00\t"]),
)
def test_pieces_are_all_lines(parts: list[tuple[str, int]], head: str) -> None:
    lines = [text * times for text, times in parts]
    pieces = copy_pieces(lines, head)
    assert b"".join(pieces).decode() == "".join(f"{head}{line}\n" for line in lines)
    assert all(piece.endswith(b"\n") for piece in pieces)


def test_lines_of_like_length_make_pieces_of_bounded_size() -> None:
    for length in (1, 100, 1_000, 100_000):
        pieces = copy_pieces(["x" * length] * 2_000, "1\t")
        assert max(map(len, pieces)) <= max(_LARGEST, length + len("1\t\n"))
    assert copy_pieces([]) == []
