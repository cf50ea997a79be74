"""Agreement and differences, in words, and as the tables of docs/audit-comparison.md."""
from peer_reasons import REASONS
from peer_servers import PEERS

LETTER = {"vulnerable": "v", "safe": "s", "not-testable": "u"}


def differences(result, tool):
    """(fact, member, ours, theirs) of what both tell and tell differently; and how many things they agree on."""
    ours, theirs = result["tools"]["gate443"], result["tools"][tool]
    found, agreed = [], 0
    for fact in ours:
        if fact not in theirs:
            continue
        a, b = ours[fact], theirs[fact]
        if isinstance(a, set):
            agreed += len(a & b)
            found += [(fact, str(m), m in a, m in b) for m in sorted(a ^ b)]
        elif a == b:
            agreed += 1
        else:
            found.append((fact, f"{a}/{b}", a, b))
    return found, agreed


def reason_for(tool, fact, member, peer):
    return next((r for r in REASONS if r.fits(tool, fact, member, peer)), None)


def missed(peer, result):
    """What the configuration is meant to show and was not shown."""
    verdicts = {f["id"]: LETTER[f["verdict"]] for f in result["raw"]["gate443"]["findings"]}
    return [f"{check}: {verdicts.get(check)} instead of {want}" for check, want in peer.expect.items() if verdicts.get(check) != want]


def tell(peer, result, verbose):
    report = result["raw"]["gate443"]
    line = f"{peer.id:26} {report['connections']:4} connections {result['wall']['gate443'] * 1000:6.0f} ms"
    for tool in result["tools"]:
        if tool != "gate443":
            found, agreed = differences(result, tool)
            new = [d for d in found if not reason_for(tool, d[0], d[1], peer.id)]
            line += f" | {tool} {result['wall'][tool]:.1f} s: {agreed} agree, {len(found)} differ, {len(new)} unexplained"
    print(line, flush=True)
    for text in missed(peer, result):
        print(f"    EXPECTED {text}", flush=True)
    for tool in result["tools"]:
        if tool == "gate443":
            continue
        for fact, member, a, b in differences(result, tool)[0]:
            reason = reason_for(tool, fact, member, peer.id)
            if not reason or verbose:
                print(f"    {tool}: {fact}: {member}: ours {a}, theirs {b}{' -- ' + reason.why if reason else ''}", flush=True)
    if verbose:
        for f in report["findings"]:
            print(f"    {f['id']:24} {f['verdict']:12} {f['severity']:8} {f['detail']}")


def sum_up(results):
    bad = [r["id"] for r in results if r.get("failed")]
    peers = {p.id: p for p in PEERS}
    good = [r for r in results if not r.get("failed")]
    for tool in ["sslscan", "testssl"]:
        rows = [(r, *differences(r, tool)) for r in good if tool in r["tools"]]
        if not rows:
            continue
        agreed = sum(a for _, _, a in rows)
        found = [(r["id"], *d) for r, ds, _ in rows for d in ds]
        new = [d for d in found if not reason_for(tool, d[1], d[2], d[0])]
        print(f"{tool}: {len(rows)} configurations, {agreed} agreements, {len(found)} differences, {len(new)} unexplained")
        bad += [d[0] for d in new]
    bad += [r["id"] for r in good if missed(peers[r["id"]], r)]
    return 1 if bad else 0


# --- docs/audit-comparison.md -----------------------------------------------------------------------------------------

def row(*cells):
    return "| " + " | ".join(str(c).replace("|", "\\|") for c in cells) + " |"


def configurations(results):
    lines = [row("configuration", "what it shows", "connections", "as meant", "sslscan: agree, differ", "testssl.sh: agree, differ"),
             row(*["---"] * 6)]
    peers = {p.id: p for p in PEERS}
    for r in results:
        cells = []
        for tool in ["sslscan", "testssl"]:
            found, agreed = differences(r, tool) if tool in r["tools"] else (None, 0)
            cells.append("" if found is None else f"{agreed}, {len(found)}")
        wrong = missed(peers[r["id"]], r)
        lines.append(row(r["id"], peers[r["id"]].shows, r["raw"]["gate443"]["connections"], ", ".join(wrong) or "yes", *cells))
    return lines


def agreements(results):
    lines = [row("beside", "configurations", "facts compared", "agree", "differ", "ours right", "theirs right"), row(*["---"] * 7)]
    for tool, name in [("sslscan", "sslscan"), ("testssl", "testssl.sh 3.2")]:
        rows = [(r["id"], *differences(r, tool)) for r in results if tool in r["tools"]]
        agreed = sum(a for _, _, a in rows)
        reasons = [reason_for(tool, d[0], d[1], peer) for peer, found, _ in rows for d in found]
        ours = sum(1 for r in reasons if r and r.right == "ours")
        theirs = sum(1 for r in reasons if r and r.right == "theirs")
        lines.append(row(name, len(rows), agreed + len(reasons), f"{agreed} ({100 * agreed / max(1, agreed + len(reasons)):.1f} %)", len(reasons), ours, theirs))
    return lines


def explained(results):
    """One row for each reason and kind of difference, with the configurations that show it."""
    groups = {}
    for r in results:
        for tool in ["sslscan", "testssl"]:
            for fact, member, ours, _ in differences(r, tool)[0] if tool in r["tools"] else []:
                reason = reason_for(tool, fact, member, r["id"])
                kind = "suites" if fact.startswith("suites") else fact
                key = (tool, kind, reason.right if reason else "?", reason.why if reason else "not explained yet")
                group = groups.setdefault(key, {"ours": set(), "theirs": set(), "peers": []})
                group["ours" if ours is True else "theirs"].add(member if kind != "certificates" else " ".join(member.split()[:2]))
                if r["id"] not in group["peers"]:
                    group["peers"].append(r["id"])
    lines = [row("beside", "fact", "only ours tells", "only theirs tells", "configurations", "right", "how it was decided"), row(*["---"] * 7)]
    for (tool, kind, right, why), g in groups.items():
        lines.append(row(tool, kind, ", ".join(sorted(g["ours"])), ", ".join(sorted(g["theirs"])), ", ".join(g["peers"]), right, why))
    return lines


def write_docs(path, results):
    """Replaces what stands between the marks."""
    text, good = path.read_text(), [r for r in results if not r.get("failed")]
    for mark, make in [("agreement", agreements), ("configurations", configurations), ("differences", explained)]:
        begin, end = f"<!-- {mark} -->", f"<!-- end of {mark} -->"
        head, _, rest = text.partition(begin)
        text = head + begin + "\n" + "\n".join(make(good)) + "\n" + end + rest.partition(end)[2]
    path.write_text(text)
