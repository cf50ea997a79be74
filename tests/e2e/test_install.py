"""What `make install` puts where, and that the parts find each other."""
import re
import subprocess

import pytest

from gate import binary, run_gate


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """{path as it will be: path where it is} of an installation into an empty directory."""
    build = binary().parent
    if not (build / "build.ninja").exists():
        pytest.skip(f"{binary()} does not lie in a build directory")
    root = tmp_path_factory.mktemp("root")
    subprocess.run(["meson", "install", "-C", build, "--no-rebuild", "--destdir", root], check=True,
                   stdout=subprocess.DEVNULL)
    return {"/" + str(path.relative_to(root)): path for path in root.rglob("*") if path.is_file()}


def only(installed, end):
    name, = [name for name in installed if name.endswith(end)]
    return name


def test_everything_is_there(installed):
    program = only(installed, "/bin/gate443")
    prefix = program.removesuffix("/bin/gate443")
    assert only(installed, "/gate443.service") == f"{prefix}/lib/systemd/system/gate443.service"
    assert only(installed, "/gate443.1") == f"{prefix}/share/man/man1/gate443.1"
    assert only(installed, "/gate443.conf") == f"{prefix}/share/doc/gate443/examples/gate443.conf"
    assert installed[program].stat().st_mode & 0o777 == 0o755
    said = subprocess.run([installed[program], "version"], stdout=subprocess.PIPE, check=True).stdout
    assert said.startswith(b"gate443 ")


def test_the_unit_starts_what_was_installed(installed):
    text = installed[only(installed, "/gate443.service")].read_text()
    programs = re.findall(r"^Exec(?:Start|StartPre)=(\S+)", text, re.M)
    assert programs == [only(installed, "/bin/gate443")] * 2
    assert not re.search(r"@\w+@", text)


def test_the_example_is_whole(installed):
    run_gate("check", installed[only(installed, "/gate443.conf")], check=True)
