"""The audit log: entries written with what they tell of, chained shortly after, read, verified and removed by age."""
