"""Campaigns: `declaration` cleans them, `store` keeps and shows them, `vouchers` does what they do to vouchers."""
