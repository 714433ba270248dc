from apps.common.permissions import permission

DUMMY_LOOK = permission("dummy.look", "Look at what is only for tests", "administrator")
