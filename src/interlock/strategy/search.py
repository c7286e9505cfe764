from interlock.strategy.models import KeyResult, Metric, Objective
from interlock.workspaces.indexing import indexes


@indexes(Objective)
def objective(objective: Objective) -> str:
    return objective.description


@indexes(KeyResult, "objective__workspace", follows="objective")
def key_result(result: KeyResult) -> str:
    return result.objective.title


@indexes(Metric)
def metric(metric: Metric) -> str:
    return metric.description
