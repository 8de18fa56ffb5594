"""Vouchers: declared by `fields`, taken in by `importing` and `updating`, stored by `writing`, shown by `read`."""
