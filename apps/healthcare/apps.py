from apps.common.industries import IndustryConfig


class HealthcareConfig(IndustryConfig):
    name = "apps.healthcare"
    label = "healthcare"
    title = "Healthcare"
    icon = "heartbeat"
    summary = "Admissions, beds, supplies and clinical support that shows its grounds"
