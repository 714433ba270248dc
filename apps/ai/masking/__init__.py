"""Personal data does not go to a model: tokens go, and come back as what they stand for.

Every call goes through it (`calling`); nothing else sends anything to a provider.
"""

from apps.ai.masking.leaving import PersonalDataStays, masked_for_leaving
from apps.ai.masking.masker import Masked, Masker
from apps.ai.masking.streaming import Restorer
from apps.ai.masking.tokens import nonce_make
from apps.ai.masking.values import has_free_text, is_personal_name, personal_values

__all__ = [
    "Masked",
    "Masker",
    "PersonalDataStays",
    "Restorer",
    "has_free_text",
    "is_personal_name",
    "masked_for_leaving",
    "nonce_make",
    "personal_values",
]
