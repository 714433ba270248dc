"""Forms from pydantic models: the form renders and reads, and the model alone says what is right.

A model becomes a tree of `Shape`s (`shapes`). What a person entered is flat text by dotted path (`values`), so that it
is kept whatever it is. `SchemaForm` (`form`) brings both together: fields with what was entered and what was wrong, the
data for the model, and changes to rows. It knows nothing of agents and workflows.
"""

from apps.console.schemaforms.fields import Field
from apps.console.schemaforms.form import EDIT, FILE, SchemaForm
from apps.console.schemaforms.shapes import Shape, shape_of

__all__ = ["EDIT", "FILE", "Field", "SchemaForm", "Shape", "shape_of"]
