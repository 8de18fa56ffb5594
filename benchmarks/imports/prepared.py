"""What stands in the project before an import."""

from benchmarks.files import metadata
from benchmarks.server import Bench


def prepare(bench: Bench, noun: str, *, has_schema: bool) -> None:
    """Empty the tables; define the noun's metadata where there is to be a schema."""
    bench.database.empty()
    if has_schema:
        bench.define_schema(noun, metadata.SCHEMA)
