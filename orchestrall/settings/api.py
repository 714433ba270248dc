"""The REST API and its OpenAPI document."""

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "apps.gateway.authentication.BearerAuthentication",
        "apps.gateway.authentication.ConsoleSession",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["apps.gateway.permissions.Declared"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["apps.gateway.parsers.JsonBody"],
    "DEFAULT_SCHEMA_CLASS": "apps.gateway.openapi.DeclaredSchema",
    "EXCEPTION_HANDLER": "apps.gateway.problems.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Orchestrall API",
    "DESCRIPTION": "Run industry agents on your data and read their results. Every answer belongs to the tenant whose "
    "host you call.",
    "VERSION": "0.1.0",
    "LICENSE": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
    "SERVERS": [{"url": "/", "description": "The host of your organisation"}],
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "COMPONENT_SPLIT_REQUEST": False,  # bodies have names of their own already
    "POSTPROCESSING_HOOKS": ["apps.gateway.openapi.document_complete"],
}
