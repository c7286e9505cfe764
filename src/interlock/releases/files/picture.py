"""The plan as a picture that stands alone: its styles are in it, it is light, and it says what its marks mean."""

import re
from datetime import date
from importlib.resources import files

from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from interlock.jobs.apart import Died, apart
from interlock.releases.drawing import NAMES, Drawing
from interlock.releases.plans import Plan
from interlock.workspaces.errors import DomainError

# As in frontend/src/css/tokens.css, which a test compares.
SURFACE, INK, INK_2, INK_3, LINE = "#ffffff", "#1d2230", "#586074", "#646b7c", "#e5e1d8"
BAD, ACCENT = "#b3261e", "#2f4bd8"
DEPARTMENTS = ("#4477aa", "#228833", "#aa3377", "#ee6677", "#66ccee", "#ccbb44", "#8c6bb1", "#999999")
FAMILY = 'Inter, system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif'
# What XML has no way to write.
UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
EDGE, ABOVE, BELOW, NARROWEST = 20, 62, 40, 1060
# As sharp as a good screen, as long as the picture stays one that can be opened.
SHARPNESS, MOST_PIXELS, LONGEST_SIDE = 2.0, 36_000_000, 12_000
SECONDS = 20.0


def svg(plan: Plan, *, today: date, zoom: str = "", site: str = "") -> str:
    drawing = Drawing.of(plan, zoom=zoom, today=today, editable=False, site=site)
    width = max(NARROWEST, NAMES + drawing.width + 2 * EDGE)
    height = ABOVE + drawing.height + BELOW
    release = plan.release
    about = [f"{release.get_tier_display()} of {release.product}"]
    about += [f"target {release.due}"] if release.due else []
    about += [f"as of {today:%-d %B %Y}"]
    drawn = format_html(
        '<svg xmlns="http://www.w3.org/2000/svg" width="{}" height="{}" viewBox="0 0 {} {}" role="img" '
        'aria-labelledby="what"><title id="what">Plan of {}</title><style>{}</style>'
        '<rect class="sheet" width="{}" height="{}"/><text class="title" x="{}" y="30">{}</text>'
        '<text class="mute" x="{}" y="48">{}</text><g transform="translate({} {})">{}<g transform="translate({} 0)">'
        '<path class="rule" d="M0 0V{}"/>{}</g></g>{}</svg>',
        width,
        height,
        width,
        height,
        release,
        mark_safe(_styles()),  # noqa: S308 constants
        width,
        height,
        EDGE,
        f"Plan of {release}",
        EDGE,
        " · ".join(about),
        EDGE,
        ABOVE,
        drawing.named(),
        NAMES,
        drawing.height,
        drawing.dated(),
        _legend(height - 16, timezone.localdate(plan.baseline.kept_at) if plan.baseline else None),
    )
    return UNWRITABLE.sub("\ufffd", drawn)


def png(drawn: str) -> bytes:
    """The same as pixels, drawn in a process of its own. Raises DomainError for what is too large."""
    found = re.match(r'<svg [^>]*?width="([\d.]+)" height="([\d.]+)"', drawn)
    width, height = (float(side) for side in found.groups()) if found else (1.0, 1.0)
    zoom = min(SHARPNESS, LONGEST_SIDE / max(width, height), (MOST_PIXELS / (width * height)) ** 0.5)
    fonts = files("interlock.web") / "static" / "build"
    try:
        picture: bytes = apart(
            "resvg_py:svg_to_bytes",
            svg_string=drawn,
            zoom=zoom,
            skip_system_fonts=False,
            font_files=[str(fonts / name) for name in ("Inter_400Regular.ttf", "Inter_600SemiBold.ttf")],
            sans_serif_family="Inter",
            at_most=SECONDS,
        )
    except (Died, MemoryError) as error:
        raise DomainError("This plan is too large to be drawn as PNG: fetch it as SVG.") from error
    return picture


def _legend(y: float, agreed: date | None) -> SafeString:
    marks = [
        ("late", "later than its deadline"),
        ("vacant", "without an owner"),
        ("critical", "holds the release up"),
        ("done", "done"),
    ]
    parts, x = [], float(EDGE)
    for level, says in marks:
        parts.append((level, x, y - 9, x + 24, y, says))
        x += 40 + 6.4 * len(says)
    drawn = format_html_join(
        "",
        '<g class="task" data-colour="8" data-level="{}"><rect class="bar" x="{}" y="{}" width="18" height="11" '
        'rx="3"/></g><text class="mute" x="{}" y="{}">{}</text>',
        parts,
    )
    tail = "done by then in 85 of 100 simulations"
    drawn += format_html(
        '<g class="task" data-colour="8"><rect class="tail" x="{}" y="{}" width="18" height="8" rx="2"/></g>'
        '<text class="mute" x="{}" y="{}">{}</text>',
        x,
        y - 8,
        x + 24,
        y,
        tail,
    )
    if agreed:
        x += 40 + 6.4 * len(tail)
        says = f"as agreed on {agreed:%-d %B %Y}"
        drawn += format_html(
            '<path class="agreed" d="M{} {}h18"/><text class="mute" x="{}" y="{}">{}</text>', x, y - 4, x + 24, y, says
        )
    return drawn


def _styles() -> str:
    """Without anything that a library for pictures may not know: each mixed colour is written out."""
    rules = [
        f"text{{font:400 12px {FAMILY};fill:{INK};paint-order:stroke;stroke:{SURFACE};stroke-width:3px;"
        "stroke-linejoin:round}",
        f".title{{font-size:20px;font-weight:600}}.strong{{font-size:13px;font-weight:600}}.mute{{fill:{INK_2}}}",
        f"text.inside{{stroke:none}}text.target{{fill:{BAD}}}text.today{{fill:{ACCENT}}}.sheet{{fill:{SURFACE}}}",
        f".rule{{stroke:{LINE};fill:none}}.line{{fill:none;stroke-width:1.5}}.line.today{{stroke:{ACCENT}}}",
        f".line.target{{stroke:{BAD};stroke-dasharray:3 3}}.link{{fill:none;stroke:{LINE};stroke-width:1.25}}",
        f".agreed{{stroke:{INK_2};stroke-width:2.5;fill:none}}",
        f".link.handover{{stroke:{INK_3}}}.link.critical{{stroke:{INK};stroke-width:1.75}}a{{text-decoration:none}}",
    ]
    for number, colour in enumerate(DEPARTMENTS, start=1):
        at = f'[data-colour="{number}"]'
        rules += [
            f"{at} .swatch{{fill:{colour}}}{at} .bar{{fill:{_mixed(colour, 0.3)};stroke:{colour};stroke-width:1}}",
            f"{at} .tail{{fill:{_mixed(colour, 0.25)}}}",
            f'{at}[data-level="done"] .bar{{fill:{_mixed(colour, 0.12)};stroke:{_mixed(colour, 0.45)}}}',
        ]
    rules += [
        f'[data-level="critical"] .bar{{stroke:{INK};stroke-width:2}}',
        f'[data-level="vacant"] .bar{{fill:{SURFACE};stroke:{BAD};stroke-dasharray:4 3}}',
        f'[data-level="late"] .bar{{stroke:{BAD};stroke-width:2}}[data-level="late"] text.beside{{fill:{BAD}}}',
    ]
    return "".join(rules)


def _mixed(colour: str, share: float) -> str:
    """So much of a colour, the rest white."""
    parts = [int(colour[place : place + 2], 16) for place in (1, 3, 5)]
    return "#" + "".join(f"{round(255 + (part - 255) * share):02x}" for part in parts)
