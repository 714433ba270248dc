"""The agents of the manufacturing pack, one file each."""
