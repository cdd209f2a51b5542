"""What the studies and benchmarks in `tools/analysis_tools` share. Nothing else uses it."""
