"""What every service is given of the county: its typed catalogue and its triage content, both frozen."""

from dataclasses import dataclass

from core.county import Catalogue
from triage.definition import Content


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """One county's service; the effective catalogue is replaced as a whole, never changed."""

    catalogue: Catalogue
    content: Content
