from interlock.launch.forms.gates import DecideForm, GateCriterionForm, GateForm, VoteForm, WordForm

__all__ = ["DecideForm", "GateCriterionForm", "GateForm", "VoteForm", "WordForm"]
