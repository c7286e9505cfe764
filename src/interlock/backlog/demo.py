"""Northwind's backlog: what serves each objective, and what it needs. See docs/northwind.md for what is planted."""

from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from interlock.backlog.models import Dependency, Feature, Requirement, Tag
from interlock.organisation.models import Person, Product, Team
from interlock.people.models import Role
from interlock.strategy.models import Objective
from interlock.workspaces.models import Member

Status = Feature.Status

# Objective → product, team, tag, why, titles.
WORK: dict[str, tuple[str, str, str, str, str]] = {
    "Invoices leave without a mistake": ("Invoicing", "Billing", "quality", "Every invoice that is sent back costs its sender nine days.",
        "Check tax numbers while typing; Warn of a second invoice for one order; Preview as the customer will see it; Keep price lists per customer; "
        "Round as the country's law asks; Refuse dates outside the period; Compare with the last invoice; Correct a sent invoice by a credit note; "
        "Take the address from the company register; Approve invoices above a limit; Show what changed since the draft"),
    "Reminders that customers do not resent": ("Invoicing", "Billing", "reminders", "A reminder that arrives after the money makes two people angry.",
        "Hold reminders while a payment is on its way; Choose the tone per customer; Remind the person who can pay; Pause reminders during a dispute; "
        "Offer instalments in the reminder; Remind by text message; Show a customer's history before reminding; Agree a date to pay; "
        "Stop after the third reminder; Thank for paying early"),
    "Paying takes one step": ("Payments", "Payments Core", "checkout", "Two of five payers leave the page before they have paid.",
        "Pay by a link in the invoice; Remember how a customer pays; Pay several invoices at once; Instant bank transfer; Pay by card without an account; "
        "Codes to scan on printed invoices; Show the exchange rate before paying; Pay a part now; Receipt at once by e-mail; Refund in one step"),
    "Money that comes in is booked at once": ("Payments", "Payments Core", "matching", "Bookkeepers match a third of the payments by hand.",
        "Match by amount and name; Match several invoices to one payment; Learn from matches made by hand; Read bank statements every hour; "
        "Explain why a payment was matched; Book fees apart; Handle payments in another currency; Suggest a match for the rest; "
        "Undo a match with its booking; Import old statements"),
    "Auditors find what they need alone": ("Invoicing", "Billing", "audit", "Each audit takes us two days of looking for papers.",
        "Read-only access for auditors; Export the ledger for a period; Number invoices without gaps; Keep invoices for ten years; "
        "Show who approved what; Search by amount and day; Sign documents with a time stamp; List of all corrections; "
        "Hand over in the tax office's format; Seal a closed month"),
    "Nothing is ever paid out twice": ("Payments", "Payments Core", "payouts", "One payout made twice costs more trust than a hundred made well.",
        "Two pairs of eyes on large payouts; Recognise a payout made before; Hold payouts to a changed account; Daily limit per account; "
        "Retry a failed payout safely; Cancel a payout within an hour; Tell the payee when it is sent; Plan payouts for a day; "
        "Check account holders' names; Report of unusual payouts"),
    "The first invoice in ten minutes": ("Invoicing", "Experience", "onboarding", "Most who give up do so before their first invoice.",
        "Start with a sample invoice; Import customers from a spreadsheet; Fill in the company by its number; Five good-looking templates; "
        "Guide through the first invoice; Send a test to oneself; Ask for bank details only when needed; Explain taxes in plain words; "
        "Finish later on another device; Sign up with a work account"),
    "Switching to us takes an afternoon": ("Invoicing", "Onboarding", "migration", "Firms stay with a tool they dislike because moving is work.",
        "Read exports of the five common tools; Bring open invoices along; Keep the numbers of old invoices; Map accounts by suggestion; "
        "Try a move without keeping it; Report of what was not moved; Move templates along; Bring customers' payment habits; "
        "Undo a move within a week; Help line for movers"),
    "Partners bring half of the new firms": ("Payments", "Sales Operations", "partners", "Bookkeepers recommend what they can see into.",
        "Overview of all clients for bookkeepers; Share of the revenue for partners; Invite a client by link; Partner's name on the invoice; "
        "Training with a certificate; Test accounts for partners; Directory of partners; Hand over a client; Monthly report for partners; "
        "Prices for partners"),
    "Finance teams see cash three months ahead": ("Foresight", "Platform", "forecast", "Finance teams plan cash in spreadsheets that are a week old.",
        "Forecast from open invoices; Seasons from two years of payments; What if a customer pays late; Compare forecast with what came; "
        "Warn of a week without cash; Plan taxes and salaries; Forecast in several currencies; Share a forecast with the bank; "
        "Explain each number; Import budgets"),
    "The service stays up on the last of the month": ("Payments", "Platform", "operations", "Half of all invoices leave in the last three days of a month.",
        "Shed reports before payments; Queue invoices at peaks; Status page with history; Switch databases without a pause; Load test for closing week; "
        "Alert before a disk is full; Restore drill every month; Limits for each customer; Trace a payment from end to end; Update without downtime"),
    "Support answers from one place": ("Payments", "Helpdesk", "support", "Agents open five tools to answer one question.",
        "Customer's history beside the question; Answer templates with numbers filled in; Resend an invoice for a customer; See what the customer sees; "
        "Escalate with everything attached; Suggest an article; Note promises made on the phone; Hand over between shifts; "
        "Measure the time to an answer; Ask whether it helped"),
    "Sound like one company": ("Invoicing", "Brand", "voice", "Our e-mails, pages and invoices speak in four voices.",
        "One glossary for all texts; Friendly error messages; New look of invoice e-mails; Plain words in contracts; Texts in five languages"),
    "Publish forty articles about invoices": ("Invoicing", "Growth", "content", "Who searches for help with an invoice has not heard of us.",
        "Articles beside the editor; Calculator for late payment interest; Templates to download; Newsletter for small firms; Glossary of invoice terms"),
    "Be the easiest supplier to leave": ("Payments", "Platform", "export", "Who can leave at any time has no reason to.",
        "Export everything at once; Hand over open payments; Keep read access for a year; Describe every field; Delete on request with proof"),
}  # fmt: skip

# BL101: features that serve nothing.
AIMLESS = ["Dark mode for the app", "Animated start page"]
# BL107: planned half a year ago, and forgotten.
FORGOTTEN = "Synchronise with desk calendars"
# BL102, PE101: planted among the features above.
OWNERLESS = "Import old statements"
OWNED_BY_VACANT_ROLE = "Refund in one step"
LEFT = "Noor Haddad"
OWNED_BY_SOMEBODY_WHO_LEFT = "Report of unusual payouts"
# BL105: each needs the next, and the last the first.
CIRCLE = ["Pay a part now", "Receipt at once by e-mail", "Pay several invoices at once"]
# BL106: the first is planned for an earlier release than the second, which it needs.
LATE_NEED = ("Hold reminders while a payment is on its way", "Read bank statements every hour")
# BL104: nobody could say when it is done.
VAGUE = ("Instant bank transfer", "The transfer feels fast")


@dataclass(frozen=True)
class Planned:
    """A feature as it is at the end of the story."""

    title: str
    objective: str
    owner: str
    status: str


def fill(by: Member) -> list[Planned]:
    """All features as candidates, some not yet owned, some serving nothing yet; returns what becomes of each."""
    teams = {team.name: team for team in Team.objects.of(by.workspace)}
    products = {product.name: product for product in Product.objects.of(by.workspace)}
    objectives = {objective.title: objective for objective in Objective.objects.of(by.workspace)}
    story: list[Planned] = []
    rows: list[Any] = []
    for goal, (product, team, tag, why, titles) in WORK.items():
        owners = list(Person.objects.filter(teams=teams[team]).exclude(name=LEFT).order_by("number"))
        for n, title in enumerate(titles.split("; ")):
            story.append(Planned(title, goal, owners[n % len(owners)].name, status_of(n)))
            rows.append(
                {
                    "product": products[product],
                    "title": title,
                    "description": f"{why}\n\n**{title}** is one part of the answer; it serves “{goal}”.",
                    "team": teams[team],
                    "owner": None if len(rows) % 5 == 1 else owners[n % len(owners)],
                    "objectives": [] if len(rows) % 4 == 2 else [objectives[goal]],
                    "effort_days": (n * 3) % 13 + 2,
                    "tags": Tag.named([tag], workspace=by.workspace),
                }
            )
    features = {feature.title: feature for feature in Feature.objects.add_many(rows, by=by)}
    Requirement.objects.add_many(
        [
            {
                "feature": feature,
                "title": f"As a customer I can rely on “{title.lower()}”",
                "criteria": [
                    "It works for a firm with 2 and with 2,000 customers.",
                    "What it did is shown in the history.",
                ],
            }
            for n, (title, feature) in enumerate(features.items())
            if n % 2 == 0
        ],
        by=by,
    )
    Requirement.objects.add(feature=features[VAGUE[0]], title=VAGUE[1], by=by)
    return story


def status_of(place: int) -> str:
    """The first features of a group are done, the next under way or planned, the last candidates or ideas."""
    order = [Status.DONE, Status.DONE, Status.IN_PROGRESS, Status.IN_PROGRESS, Status.PLANNED, Status.PLANNED]
    return (order + [Status.CANDIDATE] * 3 + [Status.IDEA])[min(place, 9)]


def forget(by: Member) -> None:
    """Long before the story begins."""
    owner = Person.objects.of(by.workspace).get(name="Yara Ueda")
    objective = Objective.objects.of(by.workspace).get(title="The first invoice in ten minutes")
    Feature.objects.add(
        product=Product.objects.of(by.workspace).get(name="Invoicing"),
        title=FORGOTTEN,
        description="Due dates appear in the calendar that people have open anyway.",
        status=Status.PLANNED,
        owner=owner,
        objectives=[objective],
        changed_at=timezone.now(),
        by=by,
    )


def advance(story: list[Planned], by: Member) -> None:
    """A week's work: these features get their owner, their objective and their status."""
    features = {feature.title: feature for feature in Feature.objects.of(by.workspace)}
    people = {person.name: person for person in Person.objects.of(by.workspace)}
    objectives = {objective.title: objective for objective in Objective.objects.of(by.workspace)}
    Feature.objects.change_many(
        [
            (
                features[one.title],
                {"owner": people[one.owner], "objectives": [objectives[one.objective]], "status": one.status},
            )
            for one in story
        ],
        by=by,
    )


def plant(by: Member) -> None:
    """What is wrong today, on purpose."""
    features = {feature.title: feature for feature in Feature.objects.of(by.workspace)}
    product = Product.objects.of(by.workspace).get(name="Invoicing")
    owner = Person.objects.of(by.workspace).get(name="Vera Quist")
    for title in AIMLESS:
        Feature.objects.add(product=product, title=title, owner=owner, description="Somebody asked for it.", by=by)
    features[OWNERLESS].change(owner=None, status=Status.CANDIDATE, by=by)
    vacant = Role.objects.of(by.workspace).get(name="Product Owner", product__name="Payments")
    features[OWNED_BY_VACANT_ROLE].change(owner=None, owner_role=vacant, status=Status.CANDIDATE, by=by)
    left = Person.objects.of(by.workspace).get(name=LEFT)
    features[OWNED_BY_SOMEBODY_WHO_LEFT].change(owner=left, status=Status.CANDIDATE, by=by)
    for title in CIRCLE:
        features[title].change(status=Status.CANDIDATE, by=by)
    for title, needed in zip(CIRCLE, [*CIRCLE[1:], CIRCLE[0]], strict=True):
        Dependency.objects.add(feature=features[title], needs=features[needed], by=by)
    for title in (*LATE_NEED, VAGUE[0]):
        features[title].change(status=Status.PLANNED, by=by)
    Dependency.objects.add(feature=features[LATE_NEED[0]], needs=features[LATE_NEED[1]], by=by)


def tie(by: Member) -> None:
    """Within a group, what comes next needs what came before."""
    features = {feature.title: feature for feature in Feature.objects.of(by.workspace)}
    pairs = []
    for _, _, _, _, titles in WORK.values():
        names = titles.split("; ")
        pairs += [(names[n + 1], names[n]) for n in range(min(4, len(names) - 1))]
    Dependency.objects.add_many(
        [
            {"feature": features[later], "needs": features[earlier]}
            for later, earlier in pairs
            if not {later, earlier} & {*CIRCLE, *LATE_NEED, VAGUE[0]}
        ],
        by=by,
    )
