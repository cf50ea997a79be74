"""Request targets that try to leave the root, in every encoding known: none may answer with anything but 400, 403 or
404, or with the content of a file outside. The unit test of the static handler reads the same list: after a change,
`python3 tests/lib/traversal_cases.py > tests/unit/handler/traversal_cases.inc`."""

UP = [
    "..", "%2e%2e", ".%2e", "%2e.", "%2E%2E", "%252e%252e",         # plain, encoded, half, encoded twice
    "%c0%ae%c0%ae", "%e0%80%ae%e0%80%ae", "%f0%80%80%ae%f0%80%80%ae",  # overlong UTF-8
    "..%00", "..%01", "%u002e%u002e", "..;", "...", "%ef%bc%8e%ef%bc%8e",  # NUL, control, IIS, Tomcat, full-width
    "..%20", "..%09", "%2e%2e%2e", ". .",
]
SEPARATORS = ["/", "%2f", "%5c", "\\", "%252f", "%c0%af"]


def cases():
    targets = []
    for up in UP:
        if " " not in up:
            targets.append(f"/{up}/out/secret.txt")
    for up in ("..", "%2e%2e"):
        for separator in SEPARATORS[1:]:
            targets.append(f"/{up}{separator}out{separator}secret.txt")
            targets.append(f"/dir{separator}{up}{separator}{up}{separator}out{separator}secret.txt")
    targets += [
        "/dir/../../out/secret.txt", "/dir/../../../../../../../../etc/passwd", "/../../../../../../etc/passwd",
        "//etc/passwd", "///etc/passwd", "/%2fetc/passwd", "/%2f%2fetc%2fpasswd", "/etc/passwd%00.html",
        "/hello.txt%00", "/hello.txt%00.png", "/./../out/secret.txt", "/.//..//out/secret.txt",
        "/escape/secret.txt", "/escape/", "/escape.txt", "/passwd", "/escape/../escape/secret.txt",
        "/list/leak.txt", "/.git/config", "/%2egit/config", "/dir/../.git/config", "/.env", "/%2eenv",
        "/.git%2fconfig", "/list/.secret", "/.well-known/../.env", "/.well-known/.env",
        "/proc/self/root/etc/passwd", "/dev/stdin", "/C:/Windows/win.ini", "/..%255cout%255csecret.txt",
        "/dir/%2e%2e/%2e%2e/out/secret.txt", "/%ff%fe", "/%", "/%2", "/%zz", "/a%0d%0aSet-Cookie:x=y",
    ]
    return list(dict.fromkeys(targets))


CASES = cases()
ALLOWED = (400, 403, 404)

if __name__ == "__main__":
    for target in CASES:
        escaped = target.replace("\\", "\\\\")
        print(f'"{escaped}",')
