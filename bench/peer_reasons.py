"""Why the tools differ: one row for each kind of difference that was looked into. (tool, fact, member, configurations) are
patterns (fnmatch) of the difference; `right` is who is; `why` says how it was decided."""
from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass
class Reason:
    tool: str
    fact: str
    member: str
    peers: str
    right: str
    why: str

    def fits(self, tool, fact, member, peer):
        return (fnmatchcase(tool, self.tool) and any(fnmatchcase(fact, f) for f in self.fact.split("|"))
                and any(fnmatchcase(member, m) for m in self.member.split("|"))
                and any(fnmatchcase(peer, p) for p in self.peers.split("|")))


REASONS = [
]
