"""The log's own tables. Frozen: what is in them can't be changed, so neither can their meaning.

No foreign key leaves these tables, or points from one to another: a cascade must never reach a record, and names
are frozen as text. `entry`, `leaf`, `tile`, `checkpoint` and `cosignature` are append-only by triggers
(`ledger.triggers`).
"""

from __future__ import annotations

from django.db import models


class Log(models.Model):
    """One log: its number in these tables and its origin, the name that checkpoints carry.

    There is one, made by `migrate`, until an operator starts a successor. The highest number is the one written to.
    """

    number = models.PositiveSmallIntegerField(primary_key=True)
    origin = models.CharField(max_length=200, unique=True)


class Entry(models.Model):
    """One recorded event. `bytes` is the record; every other column repeats a part of it, to be searched by."""

    id = models.UUIDField(primary_key=True, editable=False)
    bytes = models.BinaryField()
    origin = models.CharField(max_length=200)
    at = models.DateTimeField(db_index=True)
    event = models.CharField(max_length=100, db_index=True)
    actor_kind = models.CharField(max_length=10)
    actor_id = models.CharField(max_length=100, db_index=True)
    subject_kind = models.CharField(max_length=50)
    subject_id = models.CharField(max_length=100)
    system_id = models.CharField(max_length=100, blank=True, db_index=True)

    class Meta:
        verbose_name_plural = "entries"
        indexes = [models.Index(fields=["subject_kind", "subject_id"], name="ledger_entry_subject")]


class Pending(models.Model):
    """An entry that has no index yet. Filled by a trigger on `entry`, emptied by the sequencer.

    A queue of rows and no "last id seen": a transaction that began early and commits late is found all the same.
    """

    id = models.BigAutoField(primary_key=True)
    entry_id = models.UUIDField(unique=True)

    class Meta:
        verbose_name_plural = "pending"


class Leaf(models.Model):
    """An entry's place in its log. `chain` is the chain head after this leaf."""

    entry_id = models.UUIDField(primary_key=True, editable=False)
    log = models.PositiveSmallIntegerField()
    index = models.BigIntegerField()
    leaf_hash = models.BinaryField()
    chain = models.BinaryField()

    class Meta:
        verbose_name_plural = "leaves"
        constraints = [models.UniqueConstraint(fields=["log", "index"], name="ledger_leaf_place")]


class Tile(models.Model):
    """A full hash tile: 256 hashes of `level`, from `index` * 256 on. `root` is the one hash a level above.

    Partial tiles aren't stored: they are read from leaves (level 0) or from the roots one level below.
    """

    id = models.BigAutoField(primary_key=True)
    log = models.PositiveSmallIntegerField()
    level = models.PositiveSmallIntegerField()
    index = models.BigIntegerField()
    data = models.BinaryField()
    root = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["log", "level", "index"], name="ledger_tile_place")]


class Checkpoint(models.Model):
    """A signed statement of size and root. `note` is the signed note as published, the other columns repeat it;
    a size may be signed again by the key that follows."""

    id = models.BigAutoField(primary_key=True)
    log = models.PositiveSmallIntegerField()
    size = models.BigIntegerField()
    root = models.BinaryField()
    chain = models.BinaryField()
    keyid = models.CharField(max_length=100)
    note = models.BinaryField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["log", "size", "keyid"], name="ledger_checkpoint_once")
        ]


class Cosignature(models.Model):
    """A witness's signature line over a checkpoint, as received."""

    id = models.BigAutoField(primary_key=True)
    log = models.PositiveSmallIntegerField()
    size = models.BigIntegerField()
    witness = models.CharField(max_length=200)
    keyid = models.CharField(max_length=100)
    line = models.BinaryField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["log", "size", "witness", "keyid"], name="ledger_cosignature_once"
            )
        ]
