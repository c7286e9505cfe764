from interlock.releases.models import FreezeWindow, Release
from interlock.workspaces.indexing import indexes


@indexes(Release)
def release(release: Release) -> str:
    return release.description


@indexes(FreezeWindow)
def freeze_window(window: FreezeWindow) -> str:
    return window.reason
