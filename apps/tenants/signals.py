"""What other apps may do when a tenant begins or ends. Receivers get `tenant`."""

from django.dispatch import Signal

# Sent inside the new tenant, in the transaction that makes it ready; a receiver must bear being called twice.
tenant_provisioned = Signal()
# Sent inside the tenant, in the transaction in which its work may go on.
tenant_released = Signal()
# Sent in public, in the transaction that deletes the tenant's row, after its schema, files and cache keys are gone.
tenant_deleted = Signal()
# Sent for each act on a tenant, in the transaction that makes it true, whatever schema that is in. `act` says which,
# `who` acts (None: a worker, for the platform), `before` and `after` hold what it changed. `tenant` is None for an act
# on the whole installation. A receiver that raises undoes the act.
tenant_acted = Signal()
