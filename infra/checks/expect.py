"""How expectations of what was created are counted, and whose service it is."""


class Expectations:
    """Counts what holds, and ends at what does not."""

    def __init__(self):
        self.count = 0

    def same(self, what: str, found, wanted) -> None:
        """Both are equal."""
        if found != wanted:
            raise SystemExit(f"{what}: expected {wanted!r}, found {found!r}")
        self.count += 1

    def true(self, what: str, found) -> None:
        """It is so."""
        self.same(what, bool(found), True)


def stage_of(made) -> str:
    """The stage that was created."""
    return made.parameters.get("Stage", "dev")
