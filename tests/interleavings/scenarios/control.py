"""Submissions, retries, cancellations, rescues, and workers on one action."""

from tests.interleavings.scenario import Ask, Rescue, Scenario
from tests.interleavings.scenarios.asks import FAILING, RETRY, beside, bulk, idempotent, in_csv, in_json

CONTROL: dict[str, Scenario] = {
    # Control.
    "retry, retry": Scenario(before=(FAILING,), calls=(RETRY, RETRY)),
    "retry, retry under one key": Scenario(before=(FAILING,), calls=(idempotent(RETRY), idempotent(RETRY))),
    "submission, submission under one key": Scenario(calls=(idempotent(in_json("K1")), idempotent(in_json("K1")))),
    "bulk update asked, bulk update asked": Scenario(before=(in_json("K1"),), calls=(bulk(1, "K1"), bulk(2, "K1"))),
    "bulk update ends, bulk update asked": beside(bulk(1, "K1"), bulk(2, "K1"), in_json("K1")),
    "cancel beside close": beside(in_csv(3, "K1", "K2"), Ask("POST", "/v1/async-actions/<action1>/cancel")),
    "cancel beside close in a sequence": Scenario(
        before=(in_json("K1"),),
        actions=(bulk(1, "K1"), bulk(2, "K1")),
        workers=1,
        calls=(Ask("POST", "/v1/async-actions/<action1>/cancel"),),
    ),
    "cancel, cancel": Scenario(
        actions=(in_csv(3, "K1"),), workers=0, calls=(Ask("POST", "/v1/async-actions/<action1>/cancel"),) * 2
    ),
    "worker, rescue": beside(in_csv(3, "K1", "K2"), Rescue(slots=1)),
    "worker in a sequence, rescue": Scenario(
        before=(in_json("K1"),), actions=(bulk(1, "K1"), bulk(2, "K1")), workers=1, calls=(Rescue(slots=1),)
    ),
    "two workers on one action": Scenario(actions=(in_csv(3, "K1", "K2"),), workers=2),
    "two workers on one action of two batches": Scenario(
        actions=(in_csv(3, "K1", "K2", "K2", "K1"),), workers=2, settings={"batch_rows": 2}
    ),
    "two workers on one JSON of two batches": Scenario(
        actions=(in_json("K1", "K2", "K2", "K3"),), workers=2, settings={"batch_rows": 2}
    ),
}
