"""Lists, metadata, frames and whole series beside Orthanc and nginx."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import httpx

from bench.gateway.asking import Target, race

if TYPE_CHECKING:
    from pathlib import Path

    from bench.gateway.data import Workload
    from bench.gateway.measure import Figures
    from bench.gateway.peers import Peer

PAGE = "/studies?limit=101&offset={}&fuzzymatching=false&includefield=00081030,00080060"
JSON = "application/dicom+json"
OBJECTS = 'multipart/related; type="application/dicom"; transfer-syntax=*'
FRAME = 'multipart/related; type="application/octet-stream"'
NAMES = {
    "QIDO study list": "qido_list",
    "QIDO list never asked yet": "qido_list_new",
    "QIDO one study": "qido_one",
    "series metadata": "metadata",
    "one frame": "frame",
    "whole series": "series",
}
AS_FILES = ("one frame", "whole series")
SEVERAL = 4
"""Connections at once, besides one."""


def measure_web(
    rivals: list[Peer],
    nginx: tuple[str, str] | None,
    work: Workload,
    figures: Figures,
    folder: Path,
) -> None:
    """Every kind of request over one connection; frames over four as well."""
    _say(f"DICOMweb, keep-alive connections, {figures['studies']} studies in each index")
    for label, (paths, accept) in _wanted(rivals[0], work).items():
        for connections in (1, SEVERAL) if label == "one frame" else (1,):
            named = _seen(work) if label.startswith("QIDO") else work.studies
            targets = {
                peer.name: Target(peer.web, paths, {"Accept": accept, **peer.headers(named)})
                for peer in rivals
            }
            if nginx is not None and label in AS_FILES:
                targets["nginx"] = _as_files(nginx[1], label, work)
            race(targets, folder, connections=connections)
            key = NAMES[label] + ("" if connections == 1 else f"_{connections}")
            for name, target in targets.items():
                _say(_row(f"{label}, {connections}", name, target))
            _note(figures, key, targets)


def _seen(work: Workload) -> list[str]:
    """200 studies: what one token may name."""
    return [*work.studies, *work.filler_studies[-196:]]


def _wanted(peer: Peer, work: Workload) -> dict[str, tuple[list[str], str]]:
    series, instances = _places(peer, work.studies[0])
    studies = [f"/studies?StudyInstanceUID={uid}" for uid in work.studies]
    return {
        "QIDO study list": ([PAGE.format(0)], JSON),
        "QIDO list never asked yet": ([PAGE.format(1 + n) for n in range(99)], JSON),
        "QIDO one study": (studies, JSON),
        "series metadata": ([f"{series}/metadata"], JSON),
        "one frame": ([f"{one}/frames/1" for one in instances], FRAME),
        "whole series": ([series], OBJECTS),
    }


def _as_files(address: str, label: str, work: Workload) -> Target:
    """The same bytes as plain files."""
    files = [f"/ct/00/{number:04d}.dcm" for number in range(1, work.slices + 1)]
    return Target(address, files if label == "one frame" else ["/series.bin"], {})


def _places(peer: Peer, study: str) -> tuple[str, list[str]]:
    """Path of the study's series and of its instances."""
    answer = httpx.get(
        f"{peer.web}/studies/{study}/instances", headers=peer.headers([study]), trust_env=False
    )
    found = answer.json()
    series = f"/studies/{study}/series/{found[0]['0020000E']['Value'][0]}"
    return series, [f"{series}/instances/{one['00080018']['Value'][0]}" for one in found]


def _row(label: str, name: str, target: Target) -> str:
    if not target.is_sound:
        return f"  {label:28s} {name:8s} not every answer was a success: not measured"
    return (
        f"  {label:28s} {name:8s} p50 {target.median('p50_ms'):8.2f} ms  p95"
        f" {target.median('p95_ms'):8.2f} ms  {target.median('per_second'):8.1f} /s"
        f"  {target.median('bytes_per_second') / 1e6:8.1f} MB/s"
    )


def _note(figures: Figures, key: str, targets: dict[str, Target]) -> None:
    """Medians; times of Orthanc over ours, and our rate of what nginx sends, by round."""
    ours = targets["gateway"]
    if not ours.is_sound:
        raise RuntimeError(f"{key}: the gateway did not answer every request")
    figures[f"{key}_p50_ms"] = round(ours.median("p50_ms"), 3)
    figures[f"{key}_p95_ms"] = round(ours.median("p95_ms"), 3)
    figures[f"{key}_per_second"] = round(ours.median("per_second"), 1)
    orthanc, nginx = targets.get("Orthanc"), targets.get("nginx")
    if orthanc is not None and orthanc.is_sound:
        slower = orthanc.median("p50_ms") / ours.median("p50_ms")
        figures[f"{key}_ratio_orthanc"] = round(slower, 2)
    if nginx is not None and nginx.is_sound:
        rate = ours.median("bytes_per_second") / nginx.median("bytes_per_second")
        figures[f"{key}_ratio_sendfile"] = round(rate, 2)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
