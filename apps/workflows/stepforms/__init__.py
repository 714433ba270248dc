"""The form of one step: made of the model of its kind, shown by `workflows/editor/step_form.html`, read into raw data.

A definition that is being edited need not be whole, so that forms are made of it, and read into it, as it is written.
Nothing here stores anything.
"""

from apps.workflows.stepforms.forms import StepForm, fields_form, fields_read, step_form, step_read
from apps.workflows.stepforms.scope import Scope, scope_of

__all__ = ["Scope", "StepForm", "fields_form", "fields_read", "scope_of", "step_form", "step_read"]
