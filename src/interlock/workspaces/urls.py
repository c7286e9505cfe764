from django.urls import path

from interlock.workspaces.saved_views import DefaultViewView, ForgetView, KeepView
from interlock.workspaces.views import account, audit, members, settings, tokens

site_urlpatterns = [
    path("invitations/<str:link>/", members.AcceptView.as_view(), name="invitation"),
    path("workspaces/<slug:slug>/bring-back/", settings.BringBackView.as_view(), name="workspace-bring-back"),
    path("account/erase/", account.EraseView.as_view(), name="account-erase"),
]

urlpatterns = [
    path("settings/", settings.SettingsView.as_view(), name="settings"),
    path("settings/currency/", settings.CurrencyView.as_view(), name="workspace-currency"),
    path("settings/name/", settings.RenameView.as_view(), name="workspace-rename"),
    path("settings/leave/", settings.LeaveView.as_view(), name="leave"),
    path("settings/delete/", settings.DeleteView.as_view(), name="workspace-delete"),
    path("settings/members/", members.MembersView.as_view(), name="members"),
    path("settings/members/<str:key>/role/", members.RoleView.as_view(), name="member-role"),
    path("settings/members/<str:key>/role/<slug:role>/", members.RoleBackView.as_view(), name="member-role-back"),
    path("settings/members/<str:key>/remove/", members.RemoveView.as_view(), name="member-remove"),
    path("settings/members/<str:key>/seat/", members.SeatAgainView.as_view(), name="member-seat"),
    path("settings/members/<str:key>/erase/", members.EraseView.as_view(), name="member-erase"),
    path("settings/invitations/new/", members.InviteView.as_view(), name="invitation-new"),
    path("settings/invitations/<int:invitation>/resend/", members.ResendView.as_view(), name="invitation-resend"),
    path("settings/invitations/<int:invitation>/withdraw/", members.WithdrawView.as_view(), name="invitation-withdraw"),
    path("settings/tokens/", tokens.TokensView.as_view(), name="tokens"),
    path("settings/tokens/new/", tokens.IssueView.as_view(), name="token-new"),
    path("settings/tokens/<int:token>/revoke/", tokens.RevokeView.as_view(), name="token-revoke"),
    path("settings/audit/", audit.AuditView.as_view(), name="audit"),
    path("views/<int:pk>/forget/", ForgetView.as_view(), name="view-forget"),
    path("views/<int:pk>/default/", DefaultViewView.as_view(), name="view-default"),
    path("views/<slug:page>/", KeepView.as_view(), name="view-keep"),
]
