from interlock.alignment.models.checked import CheckedRows
from interlock.alignment.models.finding import Finding, FindingSubject, Waiver
from interlock.alignment.models.lease import CheckLease, LeaseLost
from interlock.alignment.models.pending import PendingChange
from interlock.alignment.models.proof import Proof
from interlock.alignment.models.score import Score, Tally
from interlock.alignment.models.setting import RuleSetting

__all__ = [
    "CheckLease",
    "CheckedRows",
    "Finding",
    "FindingSubject",
    "LeaseLost",
    "PendingChange",
    "Proof",
    "RuleSetting",
    "Score",
    "Tally",
    "Waiver",
]
