from apps.common.industries import IndustryConfig


class FinanceConfig(IndustryConfig):
    name = "apps.finance"
    label = "finance"
    title = "Financial services"
    icon = "building-bank"
    summary = "Risk, fraud, compliance and cash, with the reason for every figure"
