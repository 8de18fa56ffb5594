"""Categories: stored by `store`; the labels that vouchers and campaigns carry for them are in `labels`."""
