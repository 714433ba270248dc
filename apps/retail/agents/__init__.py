"""The agents of the retail pack, one file each."""
