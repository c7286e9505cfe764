"""Proof on history: the plan as it stood at each freeze, judged by the very same rules, against what came of it."""
