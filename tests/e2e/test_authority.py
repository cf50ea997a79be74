"""The local authority as other programs see it: one, whoever asks first, and the same after a restart."""
import subprocess

from gate import Gate, binary, run_gate


def test_many_first_users_make_one_authority(tmp_path):
    command = [str(binary()), "ca", "export", "--state", str(tmp_path / "state")]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(6)]
    exported = {process.communicate(timeout=60)[0] for process in running}
    assert len(exported) == 1 and b"BEGIN CERTIFICATE" in exported.pop()


def test_export_while_the_server_starts(site):
    gate = Gate(site)
    before = subprocess.Popen([str(binary()), "ca", "export", "--state", str(gate.state)], stdout=subprocess.PIPE)
    try:
        gate.start()
        assert before.communicate(timeout=60)[0] == gate.ca.read_bytes()
        gate.tls().close()      # verified against it
    finally:
        gate.stop()


def test_authority_survives_a_restart(site, tmp_path):
    state = tmp_path / "state"
    with Gate(site, state=state) as first:
        pem = first.ca.read_bytes()
    with Gate(site, state=state) as second:
        assert second.ca.read_bytes() == pem
        second.tls().close()


def test_keys_are_for_their_owner_only(gate):
    gate.tls().close()
    for path in gate.state.rglob("*"):
        if path.suffix == ".key":
            assert path.stat().st_mode & 0o077 == 0, path
    assert gate.state.stat().st_mode & 0o077 == 0


def test_export_prints_a_certificate_and_no_key(gate):
    out = run_gate("ca", "export", "--state", gate.state, check=True).stdout
    assert out.count(b"BEGIN CERTIFICATE") == 1 and b"PRIVATE" not in out
