"""The schedules of a correlation by name, for `--schedule`."""

NAMES = ("direct", "tiles", "toeplitz", "sub-images", "fourier")
