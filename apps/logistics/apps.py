from apps.common.industries import IndustryConfig


class LogisticsConfig(IndustryConfig):
    name = "apps.logistics"
    label = "logistics"
    title = "Logistics and transportation"
    icon = "truck-delivery"
    summary = "Volumes, routes, fleets and warehouses, lane by lane"
