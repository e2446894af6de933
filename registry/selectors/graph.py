"""Lineage as a graph to draw: dataset versions, the version that rests on them, where it is deployed."""

from __future__ import annotations

from dataclasses import dataclass

from registry.models import Deployment, Version
from registry.selectors.contents import contents_of


@dataclass(frozen=True, slots=True)
class Node:
    """`kind` is dataset-version, version or deployment; `id` its primary key; `digest` hex or empty."""

    kind: str
    id: str
    title: str
    state: str
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Edge:
    """From what is rested on to what rests on it; `label` says in which role."""

    source: str
    target: str
    label: str


@dataclass(frozen=True, slots=True)
class Graph:
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


def lineage_graph(version: Version) -> Graph:
    """Data on the left, `version` in the middle, deployments on the right; a dataset version appears once."""
    here = Node("version", str(version.pk), str(version), version.state, version.subject_digest)
    nodes: dict[str, Node] = {}
    edges = []
    for row in contents_of(version).lineage:
        data = row.dataset_version
        nodes[str(data.pk)] = Node("dataset-version", str(data.pk), str(data), data.state, data.digest)
        edges.append(Edge(str(data.pk), here.id, row.role))
    nodes[here.id] = here
    for there in Deployment.objects.filter(version=version).select_related("slot"):
        nodes[str(there.pk)] = Node(
            "deployment", str(there.pk), str(there.slot), there.state, there.reported_digest
        )
        edges.append(Edge(here.id, str(there.pk), there.state))
    return Graph(tuple(nodes.values()), tuple(edges))
