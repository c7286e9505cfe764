"""Everything that a workspace holds as files that anybody can read, and an empty workspace filled from them.

See docs/exporting.md for the format. What is in it follows from the models (`kinds`): a new one joins by itself.
"""

FORMAT = "interlock-export"
# Raised when a reader of the old could misunderstand the new.
VERSION = 1
MANIFEST = "manifest.json"
HISTORY = "workspaces.auditevent"
