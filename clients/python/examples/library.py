import os

from brand_automator_client import AuthenticatedClient
from brand_automator_client.api.assets import change_asset, get_asset, list_assets
from brand_automator_client.models import AssetOut, AssetPage, AssetPatch, Problem

url, key = os.environ["AUTOMATOR_URL"], os.environ["AUTOMATOR_KEY"]

with AuthenticatedClient(url, token=key) as automator:
    # The newest films.
    page = list_assets.sync(client=automator, kind="video", limit=10)
    assert isinstance(page, AssetPage), page
    for asset in page.items:
        print(asset.name, asset.state)

    # A change says what was seen, so that nobody's edit is lost.
    seen = get_asset.sync_detailed(page.items[0].id, client=automator)
    changed = change_asset.sync(
        page.items[0].id,
        client=automator,
        if_match=seen.headers["ETag"],
        body=AssetPatch(tags=["spring"]),
    )
    if isinstance(changed, AssetOut):
        print("tagged", *changed.tags)
    elif isinstance(changed, Problem):  # a refusal, with a code for programs
        print("refused", changed.status, changed.code, changed.detail)
