from interlock.risks.models import Risk
from interlock.workspaces.indexing import indexes


@indexes(Risk)
def risk(risk: Risk) -> str:
    return f"{risk.description}\n{risk.mitigation}"
