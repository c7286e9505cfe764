"""How memory is looked after in every process of ours."""

import gc


def collect_seldom() -> None:
    """Look for circles of garbage less often than Python does by itself.

    A page or a batch of an import makes tens of thousands of objects and lets nearly all of them go without
    being searched for. Searching after each 700 cost an import a quarter of its time.
    """
    gc.set_threshold(20_000, 20, 50)
