"""What the command line says of a sweep: what is to come, how it stands, what a row gave when it was lived again.

Change this file to say it otherwise. Nothing here lives a town.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from experiments.bundle import Bundled
    from experiments.bundle_check import Checked
    from experiments.replay import Replayed
    from experiments.sweep import Estimate, Status, Sweep


def estimate_line(told: Estimate) -> str:
    """What is to come, in a sentence."""
    workers = f"{told.workers} worker{'s' * (told.workers != 1)}"
    memory = f", {told.memory:,.0f} MB of memory each" if told.memory else ""
    return (
        f"{told.rows:,} rows to live: about {span(told.seconds)} with {workers}{memory}; about {size(told.size)} "
        f"on the disk, where {size(told.free)} are free"
    )


def span(seconds: float) -> str:
    """A time to read."""
    if seconds < 90:
        return f"{max(1.0, seconds):.0f} seconds"
    if seconds < 5400:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.1f} hours" if seconds < 172_800 else f"{seconds / 86_400:.1f} days"


def size(many: float) -> str:
    """A number of bytes to read."""
    for unit, large in (("GB", 1e9), ("MB", 1e6)):
        if many >= large:
            return f"{many / large:,.1f} {unit}"
    return f"{many / 1e3:,.0f} kB"


def sweep_text(found: Sweep) -> str:
    """What came of a sweep."""
    lines = [f"{found.study.title or found.study.name}: {found.there:,} of {found.wanted:,} rows are there"]
    if found.lived:
        rate = f", {found.lived / found.seconds:,.1f} a second" if found.seconds > 1.0 else ""
        lines[0] += f"; {found.lived:,} lived now{rate}"
    if found.lost:
        lines.append(f"{found.lost} batches were lost with their workers and dealt out again")
    if found.failed:
        lines.append(f"{found.failed:,} failed; see them with  kith status {found.folder}")
    return "\n".join(lines)


def sweep_json(found: Sweep) -> str:
    """The same for machines."""
    told: dict[str, Any] = {
        "study": found.study.name, "title": found.study.title, "folder": str(found.folder), "key": found.study.key,
        "wanted": found.wanted, "there": found.there, "lived": found.lived, "failed": found.failed,
        "complete": found.complete, "stopped": found.stopped, "seconds": round(found.seconds, 3),
        "workers": found.workers, "batches_lost": found.lost,
    }  # fmt: skip
    if found.estimate:
        told["estimate"] = found.estimate._asdict()
    return json.dumps(told, indent=1, ensure_ascii=False)


def status_text(folder: object, told: Status) -> str:
    """How a folder stands."""
    lines = [f"{told.title}: {told.rows:,} of {told.wanted:,} rows are there"]
    counts = ", ".join(f"{many:,} {name}" for name, many in sorted(told.statuses.items()))
    lines.append(f"  {counts or 'nothing was lived yet'}; {told.parts:,} parts, {size(told.size)}")
    if told.written:
        lines.append("  somebody is writing to it now")
    elif not told.complete:
        lines.append(f"  go on with  kith sweep {folder}")
    if told.stale:
        lines.append(f"  {told.stale:,} rows are stale: lived by another version of the model, its rules or its files")
    for row in told.failures:
        lines += [
            f"  row {row['row']} {row['status']}: {str(row['error']).splitlines()[0][:90]}",
            f"    kith replay {folder} {row['row']}",
        ]
    more = sum(many for name, many in told.statuses.items() if name != "lived") - len(told.failures)
    if more > 0:
        lines.append(f"  and {more:,} more that failed: see the columns status, error, traceback and inputs")
    return "\n".join(lines)


def status_json(told: Status) -> str:
    """The same for machines."""
    found = {**told._asdict(), "complete": told.complete, "failures": [dict(row) for row in told.failures]}
    return json.dumps(found, indent=1, ensure_ascii=False)


def replay_text(found: Replayed) -> str:
    """What a row gave when it was lived again."""
    lines = [f"row {found.row}, lived again"]
    if found.error:
        lines.append(f"  it fails: {found.error}")
    if found.kept["status"] != "lived" and not found.error:
        lines.append(f"  it was kept as {found.kept['status']}, and now lives to its end")
    elif found.different:
        shown = [f"  {name}: kept {found.kept[name]!r}, now {found.outcomes[name]!r}" for name in found.different[:8]]
        lines += [f"  {len(found.different)} of {len(found.outcomes)} outcomes differ", *shown]
    elif found.same and not found.error:
        lines.append(f"  all {len(found.outcomes)} outcomes are the same to the last bit")
    lines += [f"  ask why:  kith why {place}" for place in found.journals]
    return "\n".join(lines)


def replay_json(found: Replayed) -> str:
    """The same for machines."""
    told = {
        "row": found.row, "status": found.kept["status"], "same": found.same, "same_model": found.same_model,
        "different": list(found.different), "error": found.error, "outcomes": found.outcomes,
        "journals": [str(each) for each in found.journals],
    }  # fmt: skip
    return json.dumps(told, indent=1, ensure_ascii=False)


def bundled_text(told: Bundled) -> str:
    """What was packed."""
    lines = [f"{told.rows:,} rows and all that made them: {told.files:,} files, {size(told.size)}"]
    if told.missing:
        lines.append(f"not found here, and so not packed: {', '.join(told.missing)}")
    return "\n".join([*lines, f"SHA-256 {told.sha256}", f"check it with  kith bundle --check {told.file}"])


def bundled_json(told: Bundled) -> str:
    """The same for machines."""
    return json.dumps(told._asdict() | {"file": str(told.file)}, indent=1)


def checked_text(told: Checked) -> str:
    """What came of checking an archive."""
    lines = [f"{told.title}: {told.files:,} files, {told.rows:,} rows, model {told.model}"]
    if told.wrong:
        lines += [f"  wrong: {each}" for each in told.wrong[:MANY_WRONG]]
        lines += [f"  and {len(told.wrong) - MANY_WRONG:,} more"] * (len(told.wrong) > MANY_WRONG)
    else:
        lines.append("  every file is what it was, and the code is the model that the rows name")
    if told.relived:
        few = ", ".join(map(str, told.relived[:10])) + (" …" if len(told.relived) > 10 else "")
        lines.append(f"  {told.same:,} of {len(told.relived):,} rows lived again are the same to the last bit ({few})")
    if told.cannot:
        lines.append(f"  no row was lived again: {told.cannot}")
    return "\n".join(lines)


def checked_json(told: Checked) -> str:
    """The same for machines."""
    found = {**asdict(told), "file": str(told.file), "holds": told.holds}
    return json.dumps(found, indent=1, ensure_ascii=False)


MANY_WRONG = 8
"""Problems that are told in full."""
