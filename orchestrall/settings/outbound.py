"""What requests of tenants may reach."""

from ipaddress import ip_network

from django.core.exceptions import ImproperlyConfigured

from orchestrall.settings.env import env

OUTBOUND_NETWORKS = env.outbound_networks
for _network in OUTBOUND_NETWORKS:
    try:
        ip_network(_network)
    except ValueError as _error:
        raise ImproperlyConfigured(
            f"ORCHESTRALL_OUTBOUND_NETWORKS: {_error}. Write networks as 10.1.0.0/16."
        ) from _error
