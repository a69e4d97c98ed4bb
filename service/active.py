"""The models in use, of each site; a new version is swapped in whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import structlog

from embeddings.encoder import DEFAULT
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

    The tagger is a version's only until the site's corrections are read: what people say teaches
    it at once (`service/content_teaching.py`).

    Args:
        registry: where versions are.
        told: called with a site and words where a version could not be read.
        encoder: name of the one in use; a tagger reads no other's vectors.
    """

    def __init__(
        self, registry: Registry, told: Callable[[str, str], None], encoder: str = DEFAULT
    ) -> None:
        self.registry = registry
        self._told, self._encoder = told, encoder
        self._taught: dict[str, TaggerModel] = {}
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
            self._models[site] = self._assembled(site, version, artefacts)
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
        self._models[site] = self._assembled(site, good or PRIOR, artefacts)

    def teach(self, site: str, tagger: TaggerModel) -> None:
        """This tagger answers from now on, whichever version is active."""
        self._taught[site] = tagger
        held = self.models(site)
        if held.tagger is not tagger:
            self._models[site] = _with_tagger(held, tagger)

    def _assembled(self, site: str, version: str, artefacts: Mapping[str, Artefact]) -> Models:
        models, taught = _assembled(version, artefacts, self._encoder), self._taught.get(site)
        return models if taught is None else _with_tagger(models, taught)


def _with_tagger(models: Models, tagger: TaggerModel) -> Models:
    same = tagger.name == models.tagger.name
    version = models.versions["tagger"] if same else tagger.name
    versions = MappingProxyType({**models.versions, "tagger": version})
    return replace(models, tagger=tagger, versions=versions)


def _assembled(version: str, artefacts: Mapping[str, Artefact], encoder: str) -> Models:
    phases, personas, tagger = (artefacts.get(name) for name in ("phases", "personas", "tagger"))
    if tagger is not None and tagger.settings.get("encoder", DEFAULT) != encoder:
        tagger = None
    return Models(
        version=version,
        phases=expert_model() if phases is None else PhaseModel.from_arrays(phases.arrays),
        tagger=default_tagger(encoder=encoder)
        if tagger is None
        else TaggerModel.from_arrays(tagger.arrays),
        personas=None if personas is None else persona_model(personas),
        ranker=artefacts.get("ranker"),
        versions=MappingProxyType(
            {name: artefacts[name].version if name in artefacts else PRIOR for name in MODELS}
        ),
    )
