"""Vouchers: `fields` cleans what comes in, `write` stores it in sets, `read` shows it, `imports` is the bulk door."""
