from apps.common.industries import IndustryConfig


class TechConfig(IndustryConfig):
    name = "apps.tech"
    label = "tech"
    title = "Technology"
    icon = "code"
    summary = "Load, incidents and code of software that people rely on"
