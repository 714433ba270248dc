"""Single sign-on: people of a tenant come in by providers of its own, OpenID Connect or SAML 2.0.

What a provider says is believed only once it is shown to be its word (signature, issuer, audience, time, an answer to
a question of this browser, heard once), and only of addresses in domains that the tenant has shown to be its own.
"""
