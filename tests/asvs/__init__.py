"""The Application Security Verification Standard 5.0 (OWASP, 2025), level 2: what of it is shown by which test.

A module for each chapter, with a row for each of its requirements of the levels 1 and 2. What they ask
for stands here in our own words; the standard's are at https://owasp.org/www-project-application-security-verification-standard/.
`python -m tests.asvs.table` writes docs/security/asvs.md.
"""
