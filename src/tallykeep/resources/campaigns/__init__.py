"""Campaigns: cleaned by `spec`, kept and shown by `store`; operations and `import_operation` write their vouchers."""
