"""The console's shell: base templates, navigation, cards of the dashboard, palette, widgets, the words for states.

It owns no table. It must never know an app below it by name: they register what they offer in their `navigation.py`.
"""
