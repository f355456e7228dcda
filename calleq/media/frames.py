"""The measures of voice on a wire: 8 000 samples a second, in frames of 20 ms."""

SAMPLE_RATE_HZ = 8_000
FRAME_US = 20_000
FRAME_SAMPLES = 160
