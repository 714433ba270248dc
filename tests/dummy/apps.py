from apps.common.industries import IndustryConfig


class DummyConfig(IndustryConfig):
    name = "tests.dummy"
    label = "dummy"
    title = "Dummy"
    icon = "test-pipe"
    summary = "An industry for tests"
