"""Tables that a tenant uploads: checked, profiled, kept as Parquet, handed to agents as frames.

Owns Dataset and the files beside it. It knows no agent and no meaning of a column. It must never keep half a file, and
never read a stranger's file in the process that serves pages.
"""
