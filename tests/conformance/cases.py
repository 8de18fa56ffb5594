"""The table: every action type with its cases. `python -m tests.conformance` prints it as a matrix."""

from tests.conformance import campaign_imports, campaigns, customers, erasures, orders, products, purges, vouchers
from tests.conformance.case import Case

_TABLES = (campaign_imports, campaigns, customers, erasures, orders, products, purges, vouchers)
CASES: dict[str, Case] = {name: case for table in _TABLES for name, case in table.CASES.items()}
