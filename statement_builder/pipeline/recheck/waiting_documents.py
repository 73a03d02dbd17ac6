"""The recipients whose documents wait for the recheck, in a few bytes each: a batch may have a million."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from statement_builder.billing.identifiers import RECIPIENT_SEPARATOR, guarantor_of
from statement_builder.ledger import Batch, Ledger, Shard
from statement_builder.source import BY_GUARANTOR_MAX

_PLACE_BITS = 20
"""Of 64 bits of an entry: which of the shards it is. The others are of the recipient's hash."""
_SORTED_PARTS = 64
_HASH_MASK = (1 << (64 - _PLACE_BITS)) - 1


class WaitingDocuments:
    """Who has an unclaimed document, and in which of some shards. Is a `Recipients` for `stream_candidates`.

    It holds hashes: it may name a recipient who has none, and never misses one. Read the document to be sure.
    """

    def __init__(self, ledger: Ledger, batch: Batch, shards: Sequence[Shard]) -> None:
        self.shards = shards
        self.counts = Counter[int]()
        """Unclaimed documents by the shard's sequence number."""
        self.corrected: set[str] = set()
        """Recipients whose document is a correction."""
        self.copied: set[str] = set()
        """Recipients whose document is a copy."""
        self._others: defaultdict[str, set[str]] = defaultdict(set)
        self._entries = array("Q")
        self.guarantor_ids: set[str] | None = set()
        """All guarantors; None if they are too many for queries by guarantor."""
        assert len(shards) < 1 << _PLACE_BITS
        for place, shard in enumerate(shards):
            waiting = ledger.documents.unclaimed_recipients(batch.batch_id, shard.sequence)
            for recipient, is_correction, is_copy in waiting:
                self._add(recipient, place)
                if is_correction:
                    self.corrected.add(recipient)
                if is_copy:
                    self.copied.add(recipient)
            if waiting:
                self.counts[shard.sequence] = len(waiting)
        self._entries = _sort(self._entries)

    def __contains__(self, recipient: object) -> bool:
        return next(self._places(recipient), None) is not None

    def names_guarantor(self, guarantor_id: object) -> bool:
        """Whether a document for the guarantor, or for another recipient of the guarantor's mail, may wait."""
        return guarantor_id in self._others or guarantor_id in self

    def other_recipients(self, guarantor_id: str) -> list[str]:
        """Those who get a part of the guarantor's mail and have a document waiting."""
        return sorted(self._others.get(guarantor_id, ()))

    def shards_of(self, recipient: str) -> list[Shard]:
        """Where documents of this recipient may wait: usually one shard, more when a copy goes out beside the
        original."""
        return [self.shards[place] for place in dict.fromkeys(self._places(recipient))]

    def _add(self, recipient: str, place: int) -> None:
        self._entries.append(_hash_of(recipient) << _PLACE_BITS | place)
        if RECIPIENT_SEPARATOR in recipient:
            self._others[guarantor_of(recipient)].add(recipient)
        if self.guarantor_ids is not None:
            self.guarantor_ids.add(guarantor_of(recipient))
            if len(self.guarantor_ids) > BY_GUARANTOR_MAX:
                self.guarantor_ids = None

    def _places(self, recipient: object) -> Iterator[int]:
        wanted = _hash_of(recipient)
        index = bisect_left(self._entries, wanted << _PLACE_BITS)
        while index < len(self._entries) and self._entries[index] >> _PLACE_BITS == wanted:
            yield self._entries[index] & ((1 << _PLACE_BITS) - 1)
            index += 1


def _sort(entries: array[int]) -> array[int]:
    """The entries in order, sorted a part at a time: a list of all takes six times their memory."""
    parts = [array("Q") for _ in range(_SORTED_PARTS)]
    for entry in entries:
        parts[entry * _SORTED_PARTS >> 64].append(entry)
    ordered = array("Q")
    for part in parts:
        ordered.extend(sorted(part))
    return ordered


def _hash_of(recipient: object) -> int:
    return hash(recipient) & _HASH_MASK
