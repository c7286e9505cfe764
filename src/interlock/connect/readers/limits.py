"""What a source may hold at most. Whatever is larger is refused before anything of it is kept."""

SOURCE_BYTES = 200_000_000
ENTRIES = 10_000
# The name of a file in an archive; one pattern that names look like, and how many stand together.
NAME = 1_000
PATTERN = 200
PATTERNS = 50
# How many times larger an archive may be than what was sent; small archives of small files reach high ratios.
RATIO = 100
RATIO_MATTERS_FROM = 100_000
# One cell of a table, one text of a document.
CELL = 1_000_000
# One line of a table, one record of a JSON array, one line of JSON Lines.
RECORD = 2_000_000
COLUMNS = 5_000
DEPTH = 100
# Values of one YAML document, counted as often as aliases repeat them.
VALUES = 300_000
# A Markdown file is read whole.
DOCUMENT_BYTES = 10_000_000
# An export of our own is read a line at a time, whatever its size; a line may tell what was and what is.
EXPORT_BYTES = 20_000_000_000
EXPORT_LINE = 8_000_000
MANIFEST = 1_000_000
