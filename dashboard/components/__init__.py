"""The parts that pages are made of: functions that return Dash components, without callbacks of their own."""

from __future__ import annotations

from dashboard.components.buttons import button, icon_button, link_button, split
from dashboard.components.dialog import confirm, dialog
from dashboard.components.figures import bar, figure, figures, moods, sparkline
from dashboard.components.icon import icon, platform_icon
from dashboard.components.labels import label_name, labels
from dashboard.components.layout import card, cards, main, page_header, pane, panes
from dashboard.components.link import link
from dashboard.components.marks import badge, chip, chips, clock, kbd, made_up, sentiment, sentiment_of, tag
from dashboard.components.people import avatar, avatars, initials, nobody
from dashboard.components.posts import post_card, post_foot
from dashboard.components.states import alert, bone, empty, failed, skeleton_cards, skeleton_rows
from dashboard.components.tables import grid, table
from dashboard.components.toast import failure, show, toast
from dashboard.components.words import handle, highlighted, name, preview, said

__all__ = [
    "alert", "avatar", "avatars", "badge", "bar", "bone", "button", "card", "cards", "chip", "chips", "clock",
    "confirm", "dialog", "empty", "failed", "failure", "figure", "figures", "grid", "handle", "highlighted",
    "icon", "icon_button", "initials", "kbd", "label_name", "labels", "link", "link_button", "made_up", "main",
    "moods", "name", "nobody", "page_header", "pane", "panes", "platform_icon", "post_card", "post_foot",
    "preview", "said", "sentiment", "sentiment_of", "show", "skeleton_cards", "skeleton_rows", "sparkline", "split",
    "table", "tag", "toast",
]  # fmt: skip
