"""Categories: stored by `store`; what vouchers and campaigns carry of them is in `labels`."""
