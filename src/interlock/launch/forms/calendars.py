from interlock.releases.models import Release
from interlock.workspaces.forms import MemberForm, RowField


class FeedForm(MemberForm):
    release = RowField(Release, label="Of", required=False, empty="What I own, in all releases")
