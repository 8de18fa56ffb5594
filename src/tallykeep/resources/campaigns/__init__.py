"""Campaigns: `declaration` cleans them, `store` keeps and shows them; `imports` and `vouchers` write their vouchers."""
