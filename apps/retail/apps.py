from apps.common.industries import IndustryConfig


class RetailConfig(IndustryConfig):
    name = "apps.retail"
    label = "retail"
    title = "Retail and e-commerce"
    icon = "shopping-cart"
    summary = "Demand, stock, prices and suppliers, item by item"
