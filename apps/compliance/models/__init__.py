"""Requests about a person's data, holds, and how long what is kept."""

from apps.compliance.models.privacy import LegalHold, PrivacyFind, PrivacyRequest
from apps.compliance.models.retention import RetentionPeriod, RetentionRecord

__all__ = ["LegalHold", "PrivacyFind", "PrivacyRequest", "RetentionPeriod", "RetentionRecord"]
