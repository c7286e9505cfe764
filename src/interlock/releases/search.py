from interlock.releases.models import Release
from interlock.workspaces.indexing import indexes


@indexes(Release)
def release(release: Release) -> str:
    return release.description
