"""Forms of the back office over the services."""

from __future__ import annotations

from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from apps.common.errors import InvalidInput
from apps.common.industries import industries
from apps.tenants.models import Tenant
from apps.tenants.names import validate_slug
from apps.tenants.origins import origins_of
from apps.tenants.plans import PLANS
from apps.tenants.services import QUOTAS, RATES


def _packs() -> list[tuple[str, str]]:
    return [(key, config.title) for key, config in industries().items()]


class OriginsField(forms.CharField):
    """Origins, one on each line. Its value is a list."""

    widget = UnfoldAdminTextareaWidget(attrs={"rows": 4, "spellcheck": "false"})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        lines = [line for line in super().clean(value).splitlines() if line.strip()]
        try:
            return origins_of(lines)
        except InvalidInput as problem:
            raise forms.ValidationError([issue.message for issue in problem.issues]) from problem

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), "\n".join((data or "").split()))


class TenantForm(forms.ModelForm):  # type: ignore[type-arg]
    """An existing tenant: what `tenant_change` accepts."""

    industries = forms.MultipleChoiceField(
        choices=_packs, widget=UnfoldAdminCheckboxSelectMultipleWidget, label="Industry packs", required=False
    )
    plan = forms.ChoiceField(
        choices=[(plan.key, plan.title) for plan in PLANS.values()],
        widget=UnfoldAdminSelectWidget,
        help_text=f"What may be asked of the API a minute. {'; '.join(plan.summary for plan in PLANS.values())}.",
        error_messages={
            "invalid_choice": f"There is no plan “%(value)s”: choose one of {', '.join(PLANS)}.",
        },
    )
    cors_origins: forms.Field | None = OriginsField(
        label="Origins",
        required=False,
        help_text="One on each line, like https://app.example.com. Pages of these may call the API from a browser.",
    )

    class Meta:
        model = Tenant
        fields = ("name", "plan", "industries", *QUOTAS, *RATES, "cors_origins")
        labels = {  # as the guide for operators calls them
            "max_running_runs": "Runs at the same time",
            "max_upload_mb": "Largest upload",
            "max_members": "Active members",
            "max_requests": "By everybody",
            "max_caller_requests": "By one caller",
            "max_starts": "Starts of runs",
        }


class NewTenantForm(TenantForm):
    """A tenant to be created."""

    slug = forms.CharField(
        label="Address",
        max_length=40,
        validators=[validate_slug],
        widget=UnfoldAdminTextInputWidget,
        help_text="The part of the host before the first dot. It cannot be changed later.",
    )
    industry = forms.ChoiceField(
        choices=lambda: [("", "Choose one"), *_packs()],
        widget=UnfoldAdminSelectWidget,
        help_text="Its pack is always enabled.",
    )
    owner_email = forms.EmailField(
        label="First owner", widget=UnfoldAdminTextInputWidget, help_text="Is invited by e-mail as soon as it is ready."
    )

    cors_origins = None  # the owner lists them, once there is one

    class Meta(TenantForm.Meta):
        fields = ("slug", "name", "industry", "owner_email", *TenantForm.Meta.fields[1:-1])  # type: ignore[assignment]

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"]
        if Tenant.objects.filter(slug=slug).exists():
            raise forms.ValidationError("There is a tenant at this address already.")
        return slug

    def clean(self) -> dict[str, Any] | None:
        data = super().clean()
        if data and (own := data.get("industry")):
            data["industries"] = list(dict.fromkeys([own, *data.get("industries", [])]))
        return data


class DeleteTenantForm(forms.Form):
    """The tenant's address, typed by hand: what it holds cannot be brought back."""

    slug = forms.CharField(label="Address", widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}))

    def __init__(self, *args: Any, tenant: Tenant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tenant = tenant

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"].strip()
        if slug != self.tenant.slug:
            raise forms.ValidationError(f"This is not {self.tenant.slug}: nothing was deleted.")
        return slug
