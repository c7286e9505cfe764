from django.urls import path

from interlock.alignment import setting_views, views

urlpatterns = [
    path("alignment/", views.alignment, name="alignment"),
    path("alignment/check/", views.check_now, name="check-now"),
    path("findings/<str:key>/", views.finding, name="finding"),
    path("findings/<str:key>/fixes/<slug:name>/", views.FixView.as_view(), name="fix"),
    path("findings/<str:key>/waiver/", views.WaiverView.as_view(), name="waiver"),
    path("findings/<str:key>/waiver/end/", views.end_waiver, name="waiver-end"),
    path("rules/", setting_views.RulesView.as_view(), name="rules"),
    path("rules/<slug:code>/", views.rule, name="rule"),
    path("rules/<slug:code>/switch/<slug:to>/", setting_views.SwitchView.as_view(), name="rule-switch"),
    path("rules/<slug:code>/setting/", setting_views.SettingView.as_view(), name="rule-setting"),
    path("rules/<slug:code>/setting/withdraw/", setting_views.WithdrawView.as_view(), name="rule-setting-withdraw"),
    path("rules/<slug:code>/products/", setting_views.AddProductSettingView.as_view(), name="rule-products"),
    path("rules/<slug:code>/products/<str:product>/", setting_views.ProductSettingView.as_view(), name="rule-product"),
    path(
        "rules/<slug:code>/products/<str:product>/withdraw/",
        setting_views.WithdrawView.as_view(),
        name="rule-product-withdraw",
    ),
]
