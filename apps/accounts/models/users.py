"""Who has a role in one tenant: people, programs, and for a while an operator who was let in."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.functional import cached_property

from apps.accounts import door
from apps.accounts.models.policies import SignInPolicy
from apps.accounts.passwords import normalised
from apps.audit.actors import Actor, ActorKind
from apps.common.ids import uuid7
from apps.common.permissions import ROLES, codes_of, codes_of_programs, codes_of_visitors
from apps.tenants.context import current_schema


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Store a person. Without a password nobody can sign in as them until one is set."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def with_policy(self) -> models.QuerySet[User]:
        """Members together with the tenant's sign-in policy, in the same statement: for whoever opens the door."""
        return self.annotate(policy_facts=SignInPolicy.as_json())

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """An owner, as `createsuperuser` makes one inside a tenant."""
        return self.create_user(email, password, **{"role": "owner", **fields})


class User(AbstractBaseUser):
    """A member of the tenant in whose schema the row stands; or a service account: the account of a program, which has
    keys, no password and no address; or a visiting operator, who has a session and an end. Rights come from the role
    alone."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=150, blank=True)
    role = models.CharField(
        max_length=20, choices=[(role.key, role.title) for role in ROLES.values()], default="viewer"
    )
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False, help_text="May use the back office; on the operators' host only.")
    is_service = models.BooleanField(default=False, help_text="A program's account: it has keys and never signs in.")
    created_at = models.DateTimeField(auto_now_add=True)
    signed_out_at = models.DateTimeField(null=True, blank=True, help_text="Tokens that were made before are refused.")
    valid_until = models.DateTimeField(
        null=True, blank=True, help_text="When a visiting operator has to be gone. Null: a member, or a program."
    )
    first_steps_put_away_at = models.DateTimeField(
        null=True, blank=True, help_text="When they wanted the first steps off their dashboard. Null: they are shown."
    )

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        ordering = ["email"]
        constraints = [
            # Whatever door is left open by mistake: there is nothing to enter with, and no tenant is a program's.
            models.CheckConstraint(
                condition=models.Q(is_service=False)
                | models.Q(password__startswith=UNUSABLE_PASSWORD_PREFIX, is_staff=False) & ~models.Q(role="owner"),
                name="accounts_service_never_signs_in",
            ),
            # A visiting operator comes in by a grant alone, and is nobody here who could stay.
            models.CheckConstraint(
                condition=models.Q(valid_until=None)
                | models.Q(password__startswith=UNUSABLE_PASSWORD_PREFIX, is_staff=False, is_service=False)
                & ~models.Q(role="owner"),
                name="accounts_visitor_only_visits",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def set_password(self, raw_password: str | None) -> None:
        super().set_password(None if raw_password is None else normalised(raw_password))

    def check_password(self, raw_password: str | None) -> bool:
        return super().check_password(None if raw_password is None else normalised(raw_password))

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email = self.email.lower()  # one person is one row, however the address is typed
        super().save(*args, **kwargs)

    def get_full_name(self) -> str:
        """What Django's pages call the person."""
        return str(self)

    def can(self, code: str) -> bool:
        """Whether the role holds the permission `code`, and a program's account, or a visitor, may have it."""
        codes = codes_of_programs if self.is_service else codes_of_visitors if self.is_visitor else codes_of
        return self.is_active and not self.is_over and code in codes(self.role)

    @property
    def is_visitor(self) -> bool:
        """Whether this is an operator of the installation, let in for a while."""
        return self.valid_until is not None

    @property
    def is_over(self) -> bool:
        """Whether the visit has ended: whoever still has its session is nobody."""
        return self.valid_until is not None and timezone.now() >= self.valid_until

    @property
    def is_authenticated(self) -> bool:  # type: ignore[override]  # Django's is a constant: nobody ends there
        return not self.is_over

    @property
    def initials(self) -> str:
        """One or two capitals for an avatar."""
        words = (self.name or self.email.partition("@")[0]).replace(".", " ").split()
        return "".join(word[0] for word in [*words[:1], *words[1:][-1:]]).upper()

    @property
    def is_invited(self) -> bool:
        """Whether the person has neither chosen a password yet nor come in by a provider. A program never does."""
        ways = self.has_usable_password() or self.last_login is not None
        return not self.is_service and not self.is_visitor and not ways

    @property
    def is_operator(self) -> bool:
        """Whether this is a platform operator: staff of the operators' own tenant, and active."""
        return self.is_active and self.is_staff and current_schema() == settings.OPERATORS_SCHEMA

    @cached_property
    def sign_in_policy(self) -> SignInPolicy:
        """What the tenant asks of its members at the door. A statement, unless they were loaded `with_policy`."""
        if hasattr(self, "policy_facts"):
            return SignInPolicy.of(self.policy_facts)
        return SignInPolicy.objects.first() or SignInPolicy()

    @property
    def factor_due_at(self) -> datetime:
        """Until when the member may go without the factor that their role asks for."""
        return self.sign_in_policy.due_at(self.created_at)

    def is_in_by(self, session: Mapping[str, Any]) -> bool:
        """Whether the member may be inside by this session."""
        return door.standing(self, session) is door.Standing.IN

    def is_in_by_token(self, *, signed_in_at: float, kinds: Collection[str]) -> bool:
        """Whether the member may be inside by what follows from a sign-in over the API, and what was shown at it."""
        return door.token_standing(self, signed_in_at=signed_in_at, kinds=kinds) is door.Standing.IN

    def as_actor(self) -> Actor:
        """Who acts, for the audit log. The address of a program's account, or of a visitor's, is nobody's."""
        if self.is_service:
            return Actor("program", self.pk, str(self))
        if self.is_visitor:
            return Actor("operator", self.pk, str(self))
        kind: ActorKind = "operator" if self.is_operator else "person"
        return Actor(kind, self.pk, str(self), self.email)

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """For the back office, which knows Django's permissions only: an operator holds all, nobody else any."""
        return self.is_operator

    def has_perms(self, perm_list: list[str], obj: object = None) -> bool:
        return self.is_operator

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_operator

    def _get_session_auth_hash(self, secret: str | bytes | None = None) -> str:
        """Binds sessions to the schema: a copy of a tenant has equal keys and passwords, and accepts none of them."""
        value = f"{current_schema()}:{self.password}"
        return salted_hmac("accounts.session", value, secret=secret, algorithm="sha256").hexdigest()
