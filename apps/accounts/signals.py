"""What other apps may do when members come to do less than they did."""

from django.dispatch import Signal

# Sent in the transaction in which `members` lost the role that they had, or are kept out. Receivers get
# `members`: the role that each had until then, by key. A receiver that raises undoes the change.
rights_taken = Signal()
