"""Two ways, one answer: the same program, case or history given to two implementations."""
