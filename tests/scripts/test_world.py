"""The development world: ports, folders, and settings that the programs really read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from card_agent.settings import CardAgentSettings
from config.settings import PortalSettings, SimulatorSettings
from dicom_gateway.settings import GatewaySettings
from scripts.machine import MachineLacks
from scripts.run import hold
from scripts.welcome import cells, table
from scripts.world import HIGHEST_OFFSET, HOSPITALS, World

if TYPE_CHECKING:
    from pathlib import Path

READ = {
    f"{program.model_config['env_prefix']}{name.upper()}"
    for program in (PortalSettings, GatewaySettings, CardAgentSettings, SimulatorSettings)
    for name in program.model_fields
}


def test_every_setting_is_one_that_a_program_reads() -> None:
    given = {name for settings in World().environment().values() for name in settings}
    assert given - READ == set()


def test_the_settings_of_every_program_are_valid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(offset=1000, folder=tmp_path)
    for settings in world.environment().values():
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
    assert PortalSettings().origin == "http://127.0.0.1:9000"
    assert CardAgentSettings().allowed_origins == ("http://127.0.0.1:9000",)
    assert SimulatorSettings().var == tmp_path / "pki"
    assert GatewaySettings().gateway_id in {hospital.gateway_id for hospital in HOSPITALS}


def test_an_offset_shifts_every_port_and_has_a_folder_of_its_own() -> None:
    first, second = World(), World(1000)
    assert {name: port + 1000 for name, port in first.ports.items()} == second.ports
    assert second.var != first.var
    assert first.var in second.var.parents


def test_no_two_programs_share_a_port() -> None:
    ports = World().ports
    assert len(set(ports.values())) == len(ports)


def test_every_listening_program_of_the_table_is_started() -> None:
    assert {program.name for program in World().programs() if program.port} == set(World().ports)


@pytest.mark.parametrize("offset", [-1, HIGHEST_OFFSET + 1])
def test_an_offset_that_leaves_the_range_of_ports_is_refused(offset: int) -> None:
    with pytest.raises(ValueError, match="port offset"):
        World(offset)


def test_a_world_runs_once(tmp_path: Path) -> None:
    world = World(folder=tmp_path)
    with hold(world), pytest.raises(MachineLacks, match="already running"):
        hold(world)
    hold(world).close()


def test_columns_stand_in_line_with_japanese_letters() -> None:
    lines = table(("Person", "PIN"), [("見本 花子", "1234"), ("A", "12")])
    assert [cells(line[: line.index("12")]) for line in lines[1:]] == [11, 11]
