"""What an export fixes for all its functions; a module that is written has its own two lines."""

ACCURACY = "exact"
SCHEDULE = ""
