"""What Interlock costs at size: each module prints JSON lines, the last a summary. See docs/benchmarks.md."""
