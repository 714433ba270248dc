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
    "host you call; a host that is nobody's answers 404.\n\n"
    "Errors are told as `application/problem+json` (RFC 9457): decide by `code`, which `/api/problems/` explains. No "
    "text that you send may hold the character NUL. Take no notice of fields, headers and codes that you do not know.",
    "VERSION": "0.1.0",
    "LICENSE": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
    "SERVERS": [{"url": "/", "description": "The host of your organisation"}],
    "TAGS": [
        {"name": "tokens", "description": "How a person's program signs in; and tickets for sockets and streams."},
        {"name": "keys", "description": "API keys, for programs that run by themselves."},
        {"name": "sign-in policy", "description": "What each role signs in with, and how long sessions last."},
        {"name": "service accounts", "description": "Members that are programs: whom keys may act for."},
        {"name": "single sign-on", "description": "Identity providers that members sign in with, and their domains."},
        {"name": "agents", "description": "What can be run, what it takes and gives, and what it was measured on."},
        {"name": "custom agents", "description": "Agents that the organisation makes of a prompt, tools and shapes."},
        {"name": "runs", "description": "Start an agent, follow it, and read its result."},
        {"name": "decisions", "description": "What agents decided, what people hold of it, and what came of it."},
        {"name": "batches", "description": "An agent on each row of a file: start it, follow it, stop it."},
        {"name": "workflows", "description": "Processes of agents, people and systems, and what starts them."},
        {"name": "workflow runs", "description": "Start a workflow, follow its steps, stop it or take it up again."},
        {"name": "workflow replays", "description": "What another definition would have made of past runs."},
        {"name": "approvals", "description": "What workflows ask people, and calls whose outcome a person must say."},
        {"name": "datasets", "description": "Tables that were uploaded once and can be used by many runs."},
        {"name": "models", "description": "Providers of language models, and which model is asked for whom."},
        {"name": "prompts", "description": "The words that models are given: drafted, published, gone back from."},
        {"name": "model usage", "description": "What language models cost, and the budgets that hold them back."},
        {"name": "personal data", "description": "What is kept of a person, handed out or erased, and legal holds."},
        {"name": "retention", "description": "How long what is kept, and what went when its time was over."},
        {"name": "audit log", "description": "Who did what, with proofs that the record of it is whole."},
        {"name": "performance", "description": "How much was asked of the organisation, and how fast it answered."},
        {"name": "problems", "description": "What an error means, and what to do about it."},
    ],
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "COMPONENT_SPLIT_REQUEST": False,  # bodies have names of their own already
    "POSTPROCESSING_HOOKS": ["apps.gateway.openapi.document_complete"],
}
