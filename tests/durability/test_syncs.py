"""How often a turn waits for the disk."""

from __future__ import annotations

from pathlib import Path

from tests.durability.disk import MARK, SYNCED, Operation, read_log, run_on_disk


def recorded(recorder: Path, folder: Path, *, conversations: int, turns: int) -> list[Operation]:
    """What happened between the first acknowledgement and the last."""
    (folder / "live").mkdir()
    arguments = (str(folder / "live"), "FULL", str(conversations), str(turns), "5000")
    run_on_disk(recorder, "tests.durability.recording", *arguments, folder=folder / "live", log=folder / "log")
    operations = read_log(folder / "log")
    marks = [at for at, operation in enumerate(operations) if operation.kind == MARK]
    return operations[marks[0] : marks[-1] + 1]


def test_single_client_costs_one_sync_per_turn(recorder: Path, memory: Path):
    operations = recorded(recorder, memory, conversations=1, turns=40)
    acknowledged = sum(operation.kind == MARK for operation in operations) - 1
    assert sum(operation.kind == SYNCED for operation in operations) <= acknowledged


def test_every_acknowledgement_follows_a_sync(recorder: Path, memory: Path):
    operations = recorded(recorder, memory, conversations=1, turns=40)
    synced = False
    for operation in operations[1:]:
        synced = synced or operation.kind == SYNCED
        if operation.kind == MARK:
            assert synced, operation.name
            synced = False


def test_concurrent_clients_share_syncs(recorder: Path, memory: Path):
    operations = recorded(recorder, memory, conversations=64, turns=5)
    turns = sum(operation.kind == MARK for operation in operations)
    assert sum(operation.kind == SYNCED for operation in operations) < turns / 4
