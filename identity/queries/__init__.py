"""What answers a question and never writes: pages, REST, commands and the doctor show it."""
