"""The door for identity providers: SCIM 2.0 (RFC 7643, 7644, 9865) at /scim/v2/."""
