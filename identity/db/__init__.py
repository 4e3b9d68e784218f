"""How statements are built, rows are locked and counted, and what the database itself keeps."""
