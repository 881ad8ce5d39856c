"""Judges FHIR R4 JSON: fhir.resources, and by hand what it does not look at."""

from typing import Any

from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.questionnaire import Questionnaire
from fhir.resources.R4B.questionnaireresponse import QuestionnaireResponse

Json = dict[str, Any]

# R4B did not change these three resources. It has no code bindings, so the codes are judged here.
MODELS = {model.get_resource_type(): model for model in (Bundle, Questionnaire, QuestionnaireResponse)}
TYPES = {"boolean", "choice", "integer", "decimal", "text", "string", "date"}
STATUSES = {"Questionnaire": {"draft"}, "QuestionnaireResponse": {"completed", "in-progress", "amended"}}


def judge(resource: Json) -> None:
    """Fails on what is no FHIR R4."""
    MODELS[resource["resourceType"]].model_validate(without_said_in_other_languages(resource))
    if resource["resourceType"] in STATUSES:
        assert resource["status"] in STATUSES[resource["resourceType"]]
    for item in resource.get("item", []):
        assert "answer" in item or item["type"] in TYPES


def without_said_in_other_languages(value: Any) -> Any:
    """FHIR has `_valueString` beside the `valueString` of an extension; fhir.resources 8 does not know it."""
    if isinstance(value, list):
        return [without_said_in_other_languages(each) for each in value]
    if not isinstance(value, dict):
        return value
    beside = {"_valueString"} if "url" in value and "valueString" in value else set()
    return {key: without_said_in_other_languages(each) for key, each in value.items() if key not in beside}
