"""SCIM requests tried out in this process and rolled back: what would be answered, and what would change."""
