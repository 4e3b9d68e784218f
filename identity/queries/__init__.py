"""Read-only answers to questions about the data, for pages, REST, commands and the doctor."""
