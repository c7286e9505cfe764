"""The page of a plan of 500 tasks: what it costs the server, and how smoothly a bar is dragged in Chromium.

    python -m benchmarks.plan --tasks 500 --departments 12

The release is made up, the same for the same seed: every department has its tasks in a row or two, every task but the
first waits for one of its own department, and some for another's. A drag lasts two seconds and goes to and fro; frames
are told apart by `requestAnimationFrame`. Prints JSON lines, the last a summary.
"""

import argparse
import statistics
from datetime import date, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from benchmarks.frame import set_up, tell
from benchmarks.pages import measure, plain_storages
from benchmarks.workspace import DEPARTMENTS, GIVEN, THINGS, VERBS, WHERE

if TYPE_CHECKING:
    from interlock.releases.models import Release
    from interlock.workspaces.models import Member

SECONDS, SMOOTH = 2.0, 1000 / 60

FRAMES = """async ([seconds]) => {
  const deltas = [];
  let last = performance.now();
  const until = last + seconds * 1000;
  await new Promise((done) => {
    const frame = (now) => {
      deltas.push(now - last);
      last = now;
      now < until ? requestAnimationFrame(frame) : done();
    };
    requestAnimationFrame(frame);
  });
  return deltas.slice(2);
}"""
DRAG = """async ([key, seconds]) => {
  const bar = document.getElementById(key);
  const box = bar.querySelector(".bar").getBoundingClientRect();
  const at = { x: box.left + 4, y: box.top + box.height / 2 };
  const send = (type, x, on) => on.dispatchEvent(new PointerEvent(type, {
    bubbles: true, cancelable: true, pointerId: 1, pointerType: "mouse", button: 0, buttons: 1,
    isPrimary: true, clientX: x, clientY: at.y,
  }));
  bar.setPointerCapture = () => {};
  send("pointerdown", at.x, bar);
  const deltas = [];
  const begun = performance.now();
  let last = begun;
  await new Promise((done) => {
    const frame = (now) => {
      deltas.push(now - last);
      last = now;
      send("pointermove", at.x + 150 * Math.sin((now - begun) / 200), bar);
      now - begun < seconds * 1000 ? requestAnimationFrame(frame) : done();
    };
    requestAnimationFrame(frame);
  });
  send("pointercancel", at.x, bar);
  return deltas.slice(2);
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=500)
    parser.add_argument("--departments", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--slug", default="plan")
    parser.add_argument("--no-browser", action="store_true", help="measure the server alone")
    options, _ = parser.parse_known_args()
    set_up()
    from django.test import Client
    from django.test.utils import override_settings

    by = member_of(options.slug)
    release = fill(by, tasks=options.tasks, departments=options.departments, seed=options.seed)
    with override_settings(ALLOWED_HOSTS=["testserver"], STORAGES=plain_storages()):
        client = Client()
        client.force_login(by.user)
        cpu = measure("plan", lambda turn: client.get(release.plan_url))
        for kind in ("svg", "xml", "csv"):
            measure(f"plan as {kind}", lambda turn, kind=kind: client.get(f"{release.plan_url}{kind}/"))
        page = client.get(release.plan_url).content.decode()
    drag = {} if options.no_browser else dragged(page, first_bar(release))
    tell(summary="plan", tasks=options.tasks, cpu_ms=cpu, **drag)


def member_of(slug: str) -> "Member":
    """The owner of a workspace of that name, which is made where there is none."""
    from interlock.workspaces.models import Member, User, Workspace
    from interlock.workspaces.permissions import Role

    workspace, _ = Workspace.objects.get_or_create(slug=slug, defaults={"name": slug.capitalize()})
    user, _ = User.objects.get_or_create(email=f"owner@{slug}.example", defaults={"name": "Olga Owner"})
    return Member.objects.select_related("workspace", "user").get_or_create(
        workspace=workspace, user=user, defaults={"role": Role.OWNER}
    )[0]


def fill(by: "Member", *, tasks: int, departments: int, seed: int) -> "Release":
    """A release with a dated plan, written by the verbs; the dates are laid out here, without a solver."""
    from interlock.organisation.models import Department, Person, Product
    from interlock.releases.models import Release, Task, TaskDates, TaskLink, Workstream

    random, today = Random(seed), date.today()
    known = {one.name: one for one in Department.objects.of(by.workspace)}
    units = [known.get(name) or Department.objects.add(name=name, by=by) for name in DEPARTMENTS[:departments]]
    people = [Person.objects.add(name=f"{name} {unit}", department=unit, by=by) for unit in units for name in GIVEN[:4]]
    product = Product.objects.add(name=f"Planned {random.randint(0, 10**9)}", by=by)
    release = Release.objects.add(product=product, name="5.0", target_on=today + timedelta(days=120), by=by)
    streams = Workstream.objects.add_many([{"release": release, "department": unit} for unit in units], by=by)
    made = Task.objects.add_many(
        [
            {
                "workstream": streams[n % len(streams)],
                "title": f"{random.choice(VERBS)} {random.choice(THINGS)} {random.choice(WHERE)}",
                "optimistic": 1,
                "likely": 3,
                "pessimistic": 6,
                "owner": people[4 * (n % len(streams)) + random.randrange(4)],
                "deadline": today + timedelta(days=random.randint(20, 140)) if n % 5 == 0 else None,
            }
            for n in range(tasks)
        ],
        by=by,
    )
    TaskLink.objects.add_many(
        [{"task": made[n], "predecessor": made[n - len(streams)]} for n in range(len(streams), tasks)]
        + [{"task": made[n], "predecessor": made[n - len(streams) - 1]} for n in range(len(streams) + 1, tasks, 3)],
        by=by,
    )
    dates = []
    for n, task in enumerate(made):
        first = today + timedelta(
            days=(n // len(streams)) * 110 // max(1, tasks // len(streams)) + random.randint(0, 3)
        )
        last = first + timedelta(days=random.randint(1, 7))
        likely = last + timedelta(days=random.randint(0, 6))
        dates.append(
            TaskDates(task=task, starts_on=first, ends_on=last, critical=n % 9 == 0, slack=n % 7, likely_by=likely)
        )
    TaskDates.objects.bulk_create(dates)
    return release


def first_bar(release: "Release") -> str:
    from interlock.releases.models import Task

    return Task.objects.filter(workstream__release=release).order_by("number").first().key  # type: ignore[union-attr]


def dragged(page: str, key: str) -> dict[str, Any]:
    """Frames a second while a bar is dragged, beside those of the same page at rest: there are no more to reach."""
    import os
    import shutil

    from django.conf import settings
    from playwright.sync_api import Route, sync_playwright

    static = settings.PACKAGE / "web" / "static"

    def answer(route: Route) -> None:
        path = route.request.url.partition("plan.test")[2].partition("?")[0]
        if path.startswith("/static/"):
            route.fulfill(path=static / path.removeprefix("/static/"))
        elif route.request.is_navigation_request():
            route.fulfill(body=page, content_type="text/html; charset=utf-8")
        else:
            route.abort()

    found = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        sandbox = [] if os.geteuid() else ["--no-sandbox"]  # Chromium refuses its sandbox to root
        browser = playwright.chromium.launch(executable_path=found, args=sandbox)
        at = browser.new_page(viewport={"width": 1440, "height": 900})
        at.route("**/*", answer)
        at.goto("http://plan.test/")
        at.wait_for_function("document.querySelector('[data-plan][data-seen]')")
        rest = at.evaluate(FRAMES, [SECONDS])
        runs = [at.evaluate(DRAG, [key, SECONDS]) for _ in range(3)]
        browser.close()
    deltas = min(runs, key=sum)
    told = {
        "frames_a_second": 1000 / statistics.fmean(deltas),
        "at_rest": 1000 / statistics.fmean(rest),
        "longest_frame_ms": max(deltas),
        "in_time": sum(delta <= 1.5 * SMOOTH for delta in deltas) / len(deltas),
    }
    tell(stage="drag", frames=len(deltas), **told)
    return told


if __name__ == "__main__":
    main()
