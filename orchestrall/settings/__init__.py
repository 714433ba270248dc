"""Settings by topic. A process chooses development, test or production by DJANGO_SETTINGS_MODULE."""
