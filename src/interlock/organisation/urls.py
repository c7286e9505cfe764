from django.urls import path

from interlock.organisation import views
from interlock.organisation.forms import AbsenceAddForm, AbsenceForm, DepartmentForm, PersonForm, ProductForm, TeamForm
from interlock.organisation.models import Absence, Department, Person, Product, Team
from interlock.workspaces.models import Member
from interlock.workspaces.pages import AddView, pages

urlpatterns = [
    *pages("people", Person, PersonForm),
    path("people/", views.PeopleView.as_view(), name="people"),
    path("people/<str:key>/", views.PersonView.as_view(), name="person"),
    path("people/<str:key>/standing/", views.StandingView.as_view(), name="person-standing"),
    path("people/<str:key>/account/", views.AccountView.as_view(), name="person-account"),
    path("people/<str:key>/erase/", views.EraseView.as_view(), name="person-erase"),
    path("people/<str:key>/identities/", views.IdentitiesView.as_view(), name="person-identities"),
    path("people/<str:key>/identities/<int:identity>/remove/", views.UnidentifyView.as_view(), name="identity-remove"),
    path("people/<str:key>/teams/", views.JoinView.as_view(), name="person-join"),
    path("people/<str:key>/teams/<str:team>/leave/", views.LeaveView.as_view(), name="membership-end"),
    path("people/<str:key>/teams/<str:team>/join/", views.RejoinView.as_view(), name="membership-resume"),
    path("people/<str:key>/absences/", views.AwayView.as_view(), name="person-absences"),
    path("absences/", views.AbsencesView.as_view(), name="absences"),
    path("absences/new/", AddView.as_view(model=Absence, form=AbsenceAddForm), name="absence-new"),
    *pages("absences", Absence, AbsenceForm, add=False),
    *pages("departments", Department, DepartmentForm),
    path("departments/", views.DepartmentsView.as_view(), name="departments"),
    path("departments/<str:key>/", views.DepartmentView.as_view(), name="department"),
    *pages("teams", Team, TeamForm),
    path("teams/", views.TeamsView.as_view(), name="teams"),
    path("teams/<str:key>/", views.TeamView.as_view(), name="team"),
    path("teams/<str:key>/people/", views.TakeInView.as_view(), name="team-people"),
    *pages("products", Product, ProductForm),
    path("products/", views.ProductsView.as_view(), name="products"),
    path("products/<str:key>/", views.ProductView.as_view(), name="product"),
    path("products/<str:key>/restricted/", views.RestrictView.as_view(), name="product-restricted"),
    path("products/<str:key>/members/", views.AdmitMemberView.as_view(), name="product-members"),
    path("products/<str:key>/teams/", views.AdmitTeamView.as_view(), name="product-teams"),
    *(
        path(f"products/<str:key>/{kind}s/<str:whom>/{verb}/", view.as_view(kind=model), name=f"product-{kind}-{verb}")
        for kind, model in (("member", Member), ("team", Team))
        for verb, view in (("remove", views.DismissView), ("add", views.AdmitAgainView))
    ),
]
