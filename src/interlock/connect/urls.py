from django.urls import path

from interlock.connect.views import exports, imports

urlpatterns = [
    path("imports/", imports.ImportsView.as_view(), name="imports"),
    path("imports/new/", imports.UploadView.as_view(), name="import-new"),
    path("releases/<str:key>/plan/import/", imports.ProjectView.as_view(), name="plan-import"),
    path("imports/guide/", imports.GuideView.as_view(), name="import-guide"),
    path("imports/<str:key>/", imports.ImportView.as_view(), name="import-run"),
    path("imports/<str:key>/mapping/", imports.MappingView.as_view(), name="import-mapping"),
    path("imports/<str:key>/write/", imports.WriteView.as_view(), name="import-write"),
    path("imports/<str:key>/forget/", imports.ForgetView.as_view(), name="import-forget"),
    path("settings/exports/", exports.ExportsView.as_view(), name="exports"),
    path("settings/exports/<int:export>/file/", exports.FileView.as_view(), name="export-file"),
    path("settings/exports/<int:export>/forget/", exports.ForgetView.as_view(), name="export-forget"),
]
