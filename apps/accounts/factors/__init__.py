"""Second factors: authenticator apps, passkeys and recovery codes, by allauth, with seals and counts of ours."""
