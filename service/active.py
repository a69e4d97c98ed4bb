"""The models in use, of each site; a new version is swapped in whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import structlog

from embeddings.tagging import TaggerModel, default_tagger
from personas.errors import CorruptArtefact
from personas.phases import PhaseModel, expert_model
from training.fit_personas import PersonaModel, persona_model
from training.registry import Artefact, Registry

PRIOR = "prior"  # version of what nobody trained: the expert's word
MODELS = ("personas", "phases", "tagger", "ranker")
logger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Models:
    """One site's models, all of one version.

    Attributes:
        version: of the set; "prior" before any training.
        personas: None before any training: everybody is "everyone".
        ranker: None before any training: expert weights.
        versions: model → the version in which it was trained.
    """

    version: str
    phases: PhaseModel
    tagger: TaggerModel
    personas: PersonaModel | None = None
    ranker: Artefact | None = None
    versions: Mapping[str, str] = field(default_factory=dict)


class ActiveModels:
    """Holds the active version of each site and follows the registry's pointer.

    Args:
        registry: where versions are.
        told: called with a site and words where a version could not be read.
    """

    def __init__(self, registry: Registry, told: Callable[[str, str], None]) -> None:
        self.registry = registry
        self._told = told
        self._models: dict[str, Models] = {}
        self._refused: dict[str, str] = {}

    def models(self, site: str) -> Models:
        """The models in use now."""
        held = self._models.get(site)
        return held if held is not None else self.refresh(site)

    def refresh(self, site: str) -> Models:
        """Reads the active version if it is another one than is held; a corrupt one is refused."""
        version = self.registry.active(site) or PRIOR
        held = self._models.get(site)
        if held is not None and version in (held.version, self._refused.get(site)):
            return held
        try:
            artefacts = {} if version == PRIOR else self.registry.load(site, version)
            self._models[site] = _assembled(version, artefacts)
        except CorruptArtefact as error:
            self._refuse(site, version, error)
        return self._models[site]

    def _refuse(self, site: str, version: str, error: CorruptArtefact) -> None:
        self._refused[site] = version
        self._told(site, str(error))
        logger.error("version-refused", site=site, version=version, reason=str(error))
        if site in self._models:
            return
        good = self.registry.latest_good(site)
        artefacts = self.registry.load(site, good) if good is not None else {}
        self._models[site] = _assembled(good or PRIOR, artefacts)


def _assembled(version: str, artefacts: Mapping[str, Artefact]) -> Models:
    phases, personas, tagger = (artefacts.get(name) for name in ("phases", "personas", "tagger"))
    return Models(
        version=version,
        phases=expert_model() if phases is None else PhaseModel.from_arrays(phases.arrays),
        tagger=default_tagger() if tagger is None else TaggerModel.from_arrays(tagger.arrays),
        personas=None if personas is None else persona_model(personas),
        ranker=artefacts.get("ranker"),
        versions=MappingProxyType(
            {name: artefacts[name].version if name in artefacts else PRIOR for name in MODELS}
        ),
    )
