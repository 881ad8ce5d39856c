"""Own words suggest topics by plain stems; the words of a stem are of the page's language first."""

from dataclasses import replace
from pathlib import Path

import pytest

from triage.definition import Content
from triage.loader import load
from triage.suggestions import MOST, suggest

FOLDER = Path(__file__).resolve().parents[2] / "config" / "oma-hame" / "triage"
SHIPPED = load(FOLDER, require_approval=False)
WORDS: dict[str, dict[str, tuple[str, ...]]] = {
    "sore_throat": {"fi": ("kurk", "niele"), "sv": ("hals",), "en": ("throat",)},
    "uti": {"fi": ("virts", "piss", "kirve"), "sv": ("urin", "kiss"), "en": ("urin", "pee")},
    "low_back": {"fi": ("selk", "selä", "ristisel"), "sv": ("rygg",), "en": ("back",)},
    "chest_pain": {"fi": ("rint", "rintakip", "sydän"), "sv": ("bröst",), "en": ("chest",)},
    "toothache": {"fi": ("hammas", "hamp", "hammassär"), "sv": ("tand",), "en": ("tooth", "teeth")},
    "dental_swelling": {"fi": ("hammas", "ien turv"), "sv": ("tand",), "en": ("gum",)},
    "depression": {"fi": ("masen", "alakulo", "uni on huono"), "sv": ("nedstämd",), "en": ("depress",)},
    "respiratory": {
        "fi": ("yskä", "yski", "nuha", "flunss"),
        "sv": ("host", "snuv"),
        "en": ("cough", "cold"),
    },
    "suicidality": {"fi": ("itsemurh", "kuol"), "sv": ("självmord",), "en": ("suicid",)},
    "general": {"fi": (), "sv": (), "en": ()},
}


def with_words(words: dict[str, dict[str, tuple[str, ...]]]) -> Content:
    topics = {name: replace(SHIPPED.topics[name], words=stems) for name, stems in words.items()}
    return replace(SHIPPED, topics=topics)


CONTENT = with_words(WORDS)


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("Kurkku on ollut kipeä eilisestä, nieleminen sattuu", "sore_throat"),
        ("pissatessa kirvelee ihan hirveästi", "uti"),
        ("Selässä on kova kipu kun nousen sängystä", "low_back"),
        ("SELKÄ JUMISSA!!!", "low_back"),
        ("lapsella nuhaa ja yskää kolmatta päivää", "respiratory"),
        ("oikea poskihammas... eiku hammassärky valvottaa", "toothache"),
        ("rintakipua ja sydän muljahtelee", "chest_pain"),
        ("uni on huonoa ja itkettää", "depression"),
    ],
)
def test_residents_words_lead_to_their_topic(words: str, first: str) -> None:
    assert suggest(CONTENT, words, "fi")[0] == first


def test_longest_stem_stands_first_and_equals_are_both_there() -> None:
    assert suggest(CONTENT, "hammassärky", "fi") == ("toothache", "dental_swelling")
    assert suggest(CONTENT, "hammas on kipeä ja ien turvonnut", "fi")[0] == "dental_swelling"


def test_a_stem_begins_a_word_and_is_not_found_inside_one() -> None:
    assert suggest(CONTENT, "työterveys ja kesäloma", "fi") == ()
    assert "uti" not in suggest(CONTENT, "lupiini", "fi")


def test_words_typed_without_dots_are_met() -> None:
    assert suggest(CONTENT, "yskaa ja selkakin", "fi") == ("low_back", "respiratory")
    assert suggest(CONTENT, "sydan hakkaa", "fi") == ("chest_pain",)


def test_letters_put_together_of_two_signs_are_one_letter() -> None:
    assert suggest(CONTENT, "yska\N{COMBINING DIAERESIS}a\N{COMBINING DIAERESIS} on", "fi") == (
        "respiratory",
    )


def test_every_language_is_tried_and_the_page_s_own_first() -> None:
    assert suggest(CONTENT, "ont i halsen och snuva", "fi") == ("respiratory", "sore_throat")
    both = "back pain, selkä"
    assert suggest(CONTENT, both, "en") == ("low_back",)
    mixed = "throat ja selkä"
    assert suggest(CONTENT, mixed, "fi") == ("low_back", "sore_throat")
    assert suggest(CONTENT, mixed, "en") == ("sore_throat", "low_back")


def test_at_most_five_are_suggested() -> None:
    everything = "kurkku virtsa selkä rinta hammas masennus yskä"

    assert len(suggest(CONTENT, everything, "fi")) == MOST


@pytest.mark.parametrize("text", ["", "   ", "???", "112", "x" * 5000, "\x00", "🤒 🤧"])
def test_odd_texts_suggest_nothing_and_break_nothing(text: str) -> None:
    assert suggest(CONTENT, text, "fi") == ()


def test_a_short_stem_is_met_as_a_whole_word_only() -> None:
    content = with_words({**WORDS, "general": {"fi": ("tb",), "sv": (), "en": ()}})

    assert suggest(content, "epäilen tb tartuntaa", "fi") == ("general",)
    assert suggest(content, "tbc", "fi") == ()


@pytest.mark.parametrize("lang", ["fi", "sv", "en"])
def test_every_shipped_stem_finds_its_own_topic(lang: str) -> None:
    for topic in SHIPPED.topics.values():
        for stem in topic.words.get(lang, ()):
            alone = replace(SHIPPED, topics={topic.id: topic})

            assert suggest(alone, stem, lang) == (topic.id,), stem


# As residents write: the topic that should be among the first three of the shipped ones.
TOLD = [
    ("Minulla on ollut kova päänsärky kaksi päivää ja valo häiritsee", "headache"),
    ("Lapsella on korkea kuume ja yskä", "fever"),
    ("Virtsatessa kirvelee ja pissattaa koko ajan", "uti"),
    ("Kaaduin ja nilkka on turvonnut, en voi astua", "ankle"),
    ("Hammas särkee enkä saa nukuttua", "toothache"),
    ("En jaksa enää elää", "suicidality"),
    ("Tarvitsen uuden reseptin verenpainelääkkeeseen", "medicine_renewal"),
    ("Vauva itkee eikä syö", "baby"),
    ("Rinnassa puristaa kun kävelen portaita", "chest_pain"),
    ("Äiti 85v on ollut sekava eilisestä", "elderly"),
    ("Silmään roiskui pesuainetta", "eye"),
    ("vatsa on kipea ja ripulilla", "gastro"),
    ("Haluaisin perua ajan", "appointment_change"),
    ("Söin lapsen kanssa outoja sieniä", "poisoning"),
    ("peräpukamat vuotaa", "anal"),
    ("ihottumaa käsissä, kutittaa", "rash"),
    ("raskaana viikolla 30 ja verenvuotoa", "pregnancy"),
    ("Jag har ont i halsen och feber", "sore_throat"),
    ("My ear hurts since yesterday", "ear"),
]


@pytest.mark.parametrize(("told", "topic"), TOLD)
def test_own_words_lead_to_the_shipped_topic(told: str, topic: str) -> None:
    assert topic in suggest(SHIPPED, told, "fi")[:3]


@pytest.mark.parametrize("topic", sorted(SHIPPED.topics))
def test_every_topic_is_met_by_its_own_name_or_stems(topic: str) -> None:
    stems = SHIPPED.topics[topic].words["fi"]
    assert any(topic in suggest(SHIPPED, stem, "fi") for stem in stems)
