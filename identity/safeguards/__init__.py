"""What refuses an action beyond role and mode: one named function for each reason, asked through `table`."""
