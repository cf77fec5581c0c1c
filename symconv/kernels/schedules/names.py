"""The schedules of a correlation by name, for `--schedule`."""

NAMES = (
    *("direct", "shifted", "side by side", "tiles", "polyphase"),
    *("toeplitz", "spread taps", "sub-images", "fourier"),
)
