"""What an administrator should look into, worst first. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicom_gateway.words import size_words

if TYPE_CHECKING:
    from dicom_gateway.standing import Standing
    from dicom_gateway.statuspage.speech import Speech


def warnings_of(standing: Standing, words: Speech) -> list[str]:
    """One sentence each: what is, that nothing is lost, what to do."""
    found = [words.say(f"bad.{name}") for name, answers in standing.programs.items() if not answers]
    if standing.disk.is_low:
        found.append(words.say("bad.disk", free=size_words(standing.disk.free)))
    if standing.is_too_much:
        kept, most = size_words(standing.bytes_kept), size_words(standing.bytes_most)
        found.append(words.say("bad.keep", kept=kept, most=most))
    if standing.portal_is_away:
        age = words.age(standing.oldest_waiting or 0.0)
        found.append(words.say("bad.portal", age=age))
    if standing.bucket_is_away and standing.uploads is not None:
        age = words.age(standing.upload_age)
        found.append(words.say("bad.bucket", n=standing.uploads.objects, age=age))
    if standing.quarantined:
        found.append(words.say("bad.quarantine", n=standing.quarantined))
    if standing.events["rejected"]:
        found.append(words.say("bad.rejected", n=standing.events["rejected"]))
    if standing.pulls["failed"]:
        found.append(words.say("bad.pulls", n=standing.pulls["failed"]))
    return found
