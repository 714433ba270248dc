"""Two tenants in which every primary key is equal, and every text tells which of them it belongs to.

`making` fills them, with what the modules of the apps make; `sides` has the names of it all.
"""
