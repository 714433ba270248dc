from apps.common.industries import IndustryConfig


class ManufacturingConfig(IndustryConfig):
    name = "apps.manufacturing"
    label = "manufacturing"
    title = "Manufacturing"
    icon = "building-factory-2"
    summary = "Parts, machines, quality and schedules of a plant"
