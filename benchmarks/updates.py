"""What changes, deletes or makes vouchers that no file holds, against one SQL statement that does the same."""

from collections.abc import Callable
from statistics import median
from typing import Any

from benchmarks.files import documents
from benchmarks.lab import Lab
from benchmarks.report import Figures
from tallykeep.db.queries import queries

_sql = queries(__package__, "updates.sql")

_CAMPAIGN = {
    "name": "Bench",
    "campaign_type": "DISCOUNT_COUPONS",
    "type": "STATIC",
    "voucher": {
        "type": "DISCOUNT_VOUCHER",
        "discount": {"type": "AMOUNT", "amount_off": 500},
        "code_config": {"length": 12, "charset": "0123456789ABCDEF"},
    },
}


def metadata_update(lab: Lab) -> Figures:
    """The same metadata for every voucher, by their codes."""
    path = documents.codes_to_update(lab, lab.size.rows)
    return _measure(
        lab,
        ours=lambda _: lab.bench.timed("/v1/vouchers/metadata/async", path),
        floor=lambda _: lab.bench.database.timed(_sql.update_metadata),
        check=_sql.count_updated,
    )


def metadata_purge(lab: Lab) -> Figures:
    """A metadata key off every voucher."""
    return _measure(
        lab,
        ours=lambda _: lab.bench.timed_request("POST", "/v1/metadata-schemas/voucher/definitions/Region/purge"),
        floor=lambda _: lab.bench.database.timed(_sql.purge_metadata),
        check=_sql.count_purged,
    )


def campaign_delete(lab: Lab) -> Figures:
    """A campaign with all its vouchers, for good."""
    return _measure(
        lab,
        ours=lambda campaign: lab.bench.timed_request("DELETE", f"/v1/campaigns/{campaign}?force=true"),
        floor=lambda campaign: lab.bench.database.timed(_sql.delete_vouchers, campaign_id=campaign),
        check=_sql.count_gone,
    )


def generation(lab: Lab) -> Figures:
    """Codes that nobody can guess, made into a campaign's vouchers."""
    rows, statement = lab.size.rows, _sql.generate_vouchers
    return _measure(
        lab,
        ours=lambda campaign: lab.bench.timed_request(
            "POST", f"/v1/campaigns/{campaign}/vouchers?vouchers_count={rows}", {}
        ),
        floor=lambda campaign: lab.bench.database.timed(statement, rows=rows, campaign_id=campaign),
        check=_sql.count_generated,
        vouchers_there=False,
    )


def _measure(
    lab: Lab, *, ours: Callable[[str], float], floor: Callable[[str], float], check: str, vouchers_there: bool = True
) -> Figures:
    seconds: dict[Any, list[float]] = {ours: [], floor: []}
    for _ in range(lab.size.rounds):
        for run, taken in seconds.items():
            taken.append(run(_campaign(lab, vouchers_there=vouchers_there)))
            touched = lab.bench.database.one(check, rows=lab.size.rows)
            assert touched == lab.size.rows, f"{touched:,} of {lab.size.rows:,} vouchers"
    lab.bench.database.empty()
    return Figures(median(seconds[ours]), median(seconds[floor]), rows=lab.size.rows)


def _campaign(lab: Lab, *, vouchers_there: bool) -> str:
    """A campaign in empty tables, with all its vouchers or none; its id."""
    lab.bench.database.empty()
    campaign = str(lab.bench.request("POST", "/v1/campaigns", _CAMPAIGN)["id"])
    if vouchers_there:
        lab.bench.database.execute(_sql.put_vouchers, rows=lab.size.rows, campaign_id=campaign)
    lab.bench.database.settle("vouchers")
    return campaign
