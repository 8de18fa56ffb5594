"""People in rows: which rows are about somebody, and rows without them."""
