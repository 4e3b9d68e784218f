"""The whole life of a company, played through each door: the pages and SCIM, the command line."""
