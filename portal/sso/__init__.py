"""The door for single sign-on: allauth speaks OpenID Connect and SAML, `identity.services.sign_in.login` decides."""
