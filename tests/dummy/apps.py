from apps.common.industries import IndustryConfig


class DummyConfig(IndustryConfig):
    name = "tests.dummy"
    label = "dummy"
    title = "Dummy"
    icon = "bug"
    summary = "An industry for tests"
