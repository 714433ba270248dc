"""Computed values: `{"$cel": "expression"}`, checked when a definition is saved and evaluated in a child that can be
killed. `checking` reads expressions, `evaluating` has them evaluated, `child` is the program that does it."""
