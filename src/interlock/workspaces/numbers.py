from decimal import Decimal


def plain(value: Decimal | None) -> str:
    """“12,000” and “0.25”: without zeros that say nothing."""
    if value is None:
        return "–"
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
