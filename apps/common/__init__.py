"""What every app shares and no app owns: ids, registries, errors, permissions, kinds of work, widgets.

Owns no table and knows no other app. It must never import one.
"""
