"""Forms of the back office over the services."""

from __future__ import annotations

from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from apps.common.industries import industries
from apps.tenants.models import Tenant
from apps.tenants.names import validate_slug
from apps.tenants.plans import PLANS
from apps.tenants.services import QUOTAS, RATES


def _packs() -> list[tuple[str, str]]:
    return [(key, config.title) for key, config in industries().items()]


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

    class Meta:
        model = Tenant
        fields = ("name", "plan", "industries", *QUOTAS, *RATES)
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

    class Meta(TenantForm.Meta):
        fields = ("slug", "name", "industry", "owner_email", *TenantForm.Meta.fields[1:])  # type: ignore[assignment]

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
