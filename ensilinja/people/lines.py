"""What simulated people write: invented, harmless Finnish lines without anybody's data."""

MATTERS = {
    "respiratory": (
        "Nuhaa ja yskää kolmatta päivää. Mietin, pitääkö tulla näytille.",
        "Flunssa ei hellitä, nenä on tukossa ja väsyttää.",
    ),
    "sore_throat": (
        "Kurkku on ollut kipeä eilisestä asti.",
        "Nieleminen kirvelee. Voiko tätä hoitaa kotona?",
    ),
    "uti": ("Kirvelee pissatessa. Tarvitsenko kokeen?", "Tihentynyt vessassa käynti parin päivän ajan."),
    "low_back": (
        "Selkä kipeytyi puutarhatöissä. Millaista liikettä suosittelette?",
        "Alaselkä on jumissa, istuminen on hankalaa.",
    ),
    "toothache": ("Poskihammas vihloo kylmästä.", "Paikka lohkesi, terävä reuna hankaa kieltä."),
    "depression": (
        "Uni on ollut huonoa syksyn ajan. Haluaisin jutella.",
        "Voimat ovat vähissä töiden jälkeen.",
    ),
    "general": ("Haluaisin kysyä rokotuksista.", "Miten saan reseptin uusittua?"),
}
ANY_MATTER = ("Haluaisin kysyä neuvoa.",)
EMERGENCY = "Tämä on demon keksitty hätätilanne."
NOTHING_MORE = "Ei muuta kerrottavaa."
RESIDENT = (
    "Kiitos, että vastasit nopeasti.",
    "Oireet alkoivat pari päivää sitten.",
    "Olen ottanut särkylääkettä kerran.",
    "En ole käynyt tästä aiemmin.",
    "Iltapäivä sopii minulle parhaiten.",
    "Selvä, teen niin.",
    "Olen muuten perusterve.",
    "Hyvä, kiitos neuvosta.",
)
GREETINGS = (
    "Hei, luin vastauksesi. Kysyn vielä muutaman asian.",
    "Hei! Kiitos, että kerroit oireista. Katsotaan tätä yhdessä.",
    "Päivää, olen demon simuloitu hoitaja. Miten voit nyt?",
)
NURSE = (
    "Kuinka kauan oireita on ollut?",
    "Oletko kokeillut jo kotihoitoa?",
    "Lepo ja riittävä juominen ovat nyt tärkeitä.",
    "Katson, milloin seuraava aika olisi vapaana.",
    "Ymmärrän. Tilanne kuulostaa rauhalliselta.",
    "Voit jatkaa arkea voinnin mukaan.",
)
GOODBYES = (
    "Ota uudelleen yhteyttä, jos vointi huononee. Hyvää päivänjatkoa!",
    "Tämä oli demon keksitty neuvo. Hyvää vointia!",
)
NAMES = ("Aino", "Eino", "Helmi", "Onni", "Lempi", "Toivo", "Sylvi", "Veikko", "Martta", "Arvo")
