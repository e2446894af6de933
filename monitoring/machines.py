"""The state machines of what is measured, as tables. Pages, buttons, API answers and docs read them."""

from __future__ import annotations

from modelwarrant.machine import Machine, State, Transition
from people.catalogue import P

RUN = Machine(
    name="run",
    title="Run of a check",
    states=(
        State("due", "Waiting or running", "initial"),
        State("done", "Done", "final"),
        State("error", "Ended in an error", "final"),
    ),
    transitions=(
        Transition("finish", ("due",), "done", "Store the outcome", P.RUN_EXECUTE),
        Transition("fail", ("due",), "error", "Record the error", P.RUN_EXECUTE),
        Transition(
            "cancel",
            ("due",),
            "error",
            "Cancel",
            P.RUN_REQUEST,
            consequence="Nothing is measured. The attempt stays listed as an error, which is never a pass.",
        ),
    ),
    event="monitoring.run.moved",
)

MONITOR = Machine(
    name="monitor",
    title="Monitor",
    states=(State("active", "Active", "initial"), State("paused", "Paused"), State("ended", "Ended", "final")),
    transitions=(
        Transition(
            "pause", ("active",), "paused", "Pause", P.MONITOR_EDIT,
            consequence="Batches are kept and not checked.",
        ),
        Transition("resume", ("paused",), "active", "Resume", P.MONITOR_EDIT),
        Transition("end", ("active", "paused"), "ended", "End", P.MONITOR_EDIT),
    ),
    event="monitoring.monitor.moved",
)  # fmt: skip

BATCH = Machine(
    name="batch",
    title="Batch",
    states=(
        State("received", "Received", "initial"),
        State("checked", "Checked", "final"),
        State("refused", "Refused", "final"),
    ),
    transitions=(
        Transition("check", ("received",), "checked", "Record the checks", P.BATCH_CHECK),
        Transition(
            "refuse", ("received",), "refused", "Refuse", P.BATCH_CHECK,
            consequence="The bytes can't be read as the declared data; nothing was measured on them.",
        ),
    ),
    event="monitoring.batch.moved",
)  # fmt: skip

BREACH = Machine(
    name="breach",
    title="Breach",
    states=(State("open", "Open", "initial"), State("closed", "Closed", "final")),
    transitions=(Transition("close", ("open",), "closed", "Close with a finding", P.BREACH_CLOSE),),
    event="monitoring.breach.moved",
)

BASELINE = Machine(
    name="baseline",
    title="Baseline",
    states=(
        State("due", "To be learnt", "initial"),
        State("learnt", "Learnt", "final"),
        State("failed", "Not learnt", "final"),
    ),
    transitions=(
        Transition("learn", ("due",), "learnt", "Record what was learnt", P.RUN_EXECUTE),
        Transition("fail", ("due",), "failed", "Record that it could not be learnt", P.RUN_EXECUTE),
    ),
    event="monitoring.baseline.moved",
)

ALERT = Machine(
    name="alert",
    title="Alert",
    states=(State("open", "Open", "initial"), State("acknowledged", "Acknowledged", "final")),
    transitions=(Transition("acknowledge", ("open",), "acknowledged", "Acknowledge", P.INCIDENT_WORK),),
    event="monitoring.alert.moved",
)

INCIDENT = Machine(
    name="incident",
    title="Incident",
    states=(State("open", "Open", "initial"), State("closed", "Closed", "final")),
    transitions=(
        Transition(
            "close", ("open",), "closed", "Close the incident", P.INCIDENT_WORK,
            consequence="Say what was found and done; it is kept with the record.",
        ),
    ),
    event="monitoring.incident.moved",
)  # fmt: skip

MACHINES = (RUN, MONITOR, BATCH, BREACH, BASELINE, ALERT, INCIDENT)
NOT_BY: tuple[str, ...] = ()
