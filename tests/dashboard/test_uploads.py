"""Files that are kept between looks: how many, how long, and for whom."""

import asyncio
import io

from tallykeep.dashboard.pages.import_wizard.kept_uploads import Uploads


class Few(Uploads):
    maximum, max_of_one, max_bytes, seconds = 3, 2, 100, 900.0


async def _kept(uploads: Uploads, *files: tuple[str, int]) -> list[str]:
    return [uploads.keep(owner, "a.xlsx", io.BytesIO(bytes(size)), size)[0] for owner, size in files]


def _are_kept(uploads: Uploads, owners: list[str], tokens: list[str]) -> list[bool]:
    return [uploads.find(owner, token) is not None for owner, token in zip(owners, tokens, strict=True)]


def test_a_file_is_found_by_its_own_session_only() -> None:
    async def keep() -> None:
        uploads = Few()
        (token,) = await _kept(uploads, ("ann", 1))
        assert uploads.find("bob", token) is None
        assert uploads.find("ann", token + "x") is None
        upload = uploads.find("ann", token)
        assert upload is not None
        assert upload.name == "a.xlsx"

    asyncio.run(keep())


def test_number_and_bytes_are_bounded_and_the_oldest_goes_first() -> None:
    async def keep() -> None:
        uploads = Few()
        tokens = await _kept(uploads, ("ann", 1), ("ann", 1), ("ann", 1))
        assert _are_kept(uploads, ["ann"] * 3, tokens) == [False, True, True]
        more = await _kept(uploads, ("bob", 1), ("cid", 1))
        assert _are_kept(uploads, ["ann", "ann", "bob", "cid"], [*tokens[1:], *more]) == [False, True, True, True]
        large = await _kept(uploads, ("dan", 99))
        assert _are_kept(uploads, ["cid", "dan"], [more[1], large[0]]) == [True, True]
        assert await _kept(uploads, ("eve", 101)) == [""]

    asyncio.run(keep())


def test_a_file_goes_in_time_but_not_under_who_reads_it() -> None:
    class Short(Uploads):
        seconds = 0.05

    async def keep() -> None:
        uploads = Short()
        read, unread = io.BytesIO(b"1"), io.BytesIO(b"2")
        _, upload = uploads.keep("ann", "read", read, 1)
        uploads.keep("ann", "unread", unread, 1)
        async with upload.lock:
            for _ in range(500):
                if unread.closed:
                    break
                await asyncio.sleep(0.01)
            assert unread.closed
            assert not read.closed

    asyncio.run(keep())
