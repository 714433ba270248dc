"""From an uploaded file to a table in Parquet. Imports neither Django nor anything of the tenant: it runs in a child
process with limits (`isolation`), as files come from strangers.

Every reader yields rows of text with their row in the source; `grid` checks them and writes them, so that the rules and
the words are the same for each kind of file. Parquet brings its own types and goes its own way (`columnar`).
"""
