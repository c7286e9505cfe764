"""From records to the plan: a mapping says what becomes what; a run stages, judges and writes."""
