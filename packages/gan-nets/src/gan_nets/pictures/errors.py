"""Why a picture could not be translated, in one line."""


def reason(error: Exception) -> str:
    """The first line of what an error says, or what a person can do about one of the system's."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}; check the path and its permissions"
    return str(error).strip().split("\n")[0] or f"is broken ({type(error).__name__})"
