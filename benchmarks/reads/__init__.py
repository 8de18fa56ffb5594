"""What people ask while imports run or have ended: lists, failed rows, polls, previews, pages."""
