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
