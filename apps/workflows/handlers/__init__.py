"""Who carries out what: the work of runs, and the performers of steps that are not computed inline."""
