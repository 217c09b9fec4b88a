"""The pipeline, from a target to a report, and the public API of the library."""
