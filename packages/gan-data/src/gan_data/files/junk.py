"""Files and folders that systems leave among a user's own."""

# Of Synology, QNAP, Windows, Linux and macOS: thumbnails, deleted files, snapshots, and what a check of the
# disk found. In lower case.
JUNK_FOLDERS = frozenset(
    {"@eadir", "#recycle", "#snapshot", "@tmp", "@recycle", "@recently-snapshot", "@__thumb", "@sharebin"}
    | {"$recycle.bin", "recycler", "system volume information", "found.000", "lost+found"}
    | {"__macosx", "network trash folder", "temporary items", "@synoresource"}
)
JUNK_FILES = frozenset({"thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "icon\r"})


def is_junk(name: str) -> bool:
    """Whether a file or folder of this name is hidden, or one that a system made: "@eaDir", "Thumbs.db"."""
    return name.startswith(".") or name.lower() in JUNK_FOLDERS | JUNK_FILES
