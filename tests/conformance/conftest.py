"""Cases that fail say what differed."""

import pytest

pytest.register_assert_rewrite("tests.conformance.runs")
