"""What a network says in each language that it speaks: tables of sentences, `{name}` in some.

A sentence with a business's name has another beside it for a business without one. English choices
between "a" and "an" are made in `wording`. A language that is not here is no language of a topology
or of a message; English is what everything is said in where nobody says otherwise.
"""

from typing import Final, Literal, get_args

import msgspec

Language = Literal["en", "fr", "es", "de"]
LANGUAGES: Final = get_args(Language)
UNDERSTOOD: Final = frozenset(("en",))
"""The languages whose words a recogniser knows."""


class Sentences(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is said in one language."""

    voice: str
    """Of the synthesiser."""
    announcement: str
    announcement_unnamed: str
    whisper: str
    whisper_unnamed: str
    apology: str
    apology_unnamed: str
    busy: str
    introduction: str
    introduction_unnamed: str
    press: str
    press_or_say: str
    """The same as `press` in a language that nobody understands."""
    enter_code: str
    """To whoever is to prove that they asked for the call."""
    wrong_code: str
    opt_out: str
    goodbye: str
    opted_out: str
    recorded: str
    """Before a call is recorded."""
    objection: str
    """... and how not to be."""
    hold: str
    thanks: str


SENTENCES: Final[dict[str, Sentences]] = {
    "en": Sentences(
        voice="en-us",
        announcement="Please hold while we connect you to {article} {name} customer"
        " representative.",
        announcement_unnamed="Please hold while we connect you to a customer representative.",
        whisper="Call for {name}.",
        whisper_unnamed="Customer call.",
        apology="We are sorry, no {name} customer representative can take your call at this time."
        " Please try again later. Goodbye.",
        apology_unnamed="We are sorry, no customer representative can take your call at this time."
        " Please try again later. Goodbye.",
        busy="All our representatives are busy. Please hold for the next one.",
        introduction="This is {name}.",
        introduction_unnamed="This is the call that you asked for.",
        press="Press 1 to be connected to a representative.",
        press_or_say="Press 1 or say yes to be connected to a representative.",
        enter_code="Enter the six digits of the code that you were shown.",
        wrong_code="This is not the code.",
        opt_out="Press 9 and this business will not call you again.",
        goodbye="Thank you. Goodbye.",
        opted_out="You will not be called again by this business. Goodbye.",
        recorded="This call is recorded.",
        objection="If you do not want this, press 9 now.",
        hold="Please hold.",
        thanks="Thank you for waiting.",
    ),
    "fr": Sentences(
        voice="fr",
        announcement="Veuillez patienter, nous vous mettons en relation avec un conseiller de"
        " {name}.",
        announcement_unnamed="Veuillez patienter, nous vous mettons en relation avec un"
        " conseiller.",
        whisper="Appel pour {name}.",
        whisper_unnamed="Appel d'un client.",
        apology="Nous sommes désolés, aucun conseiller de {name} ne peut prendre votre appel."
        " Veuillez réessayer plus tard. Au revoir.",
        apology_unnamed="Nous sommes désolés, aucun conseiller ne peut prendre votre appel."
        " Veuillez réessayer plus tard. Au revoir.",
        busy="Tous nos conseillers sont occupés. Veuillez patienter.",
        introduction="Ici {name}.",
        introduction_unnamed="Voici l'appel que vous avez demandé.",
        press="Appuyez sur 1 pour parler à un conseiller.",
        press_or_say="Appuyez sur 1 pour parler à un conseiller.",
        enter_code="Composez les six chiffres du code affiché.",
        wrong_code="Ce n'est pas le bon code.",
        opt_out="Appuyez sur 9 et cette entreprise ne vous appellera plus.",
        goodbye="Merci. Au revoir.",
        opted_out="Cette entreprise ne vous appellera plus. Au revoir.",
        recorded="Cet appel est enregistré.",
        objection="Si vous ne le souhaitez pas, appuyez maintenant sur 9.",
        hold="Veuillez patienter.",
        thanks="Merci d'avoir patienté.",
    ),
    "es": Sentences(
        voice="es",
        announcement="Por favor, espere mientras le comunicamos con un representante de {name}.",
        announcement_unnamed="Por favor, espere mientras le comunicamos con un representante.",
        whisper="Llamada para {name}.",
        whisper_unnamed="Llamada de un cliente.",
        apology="Lo sentimos, ningún representante de {name} puede atender su llamada en este"
        " momento. Por favor, inténtelo más tarde. Adiós.",
        apology_unnamed="Lo sentimos, ningún representante puede atender su llamada en este"
        " momento. Por favor, inténtelo más tarde. Adiós.",
        busy="Todos nuestros representantes están ocupados. Por favor, espere.",
        introduction="Le llama {name}.",
        introduction_unnamed="Esta es la llamada que usted pidió.",
        press="Pulse 1 para hablar con un representante.",
        press_or_say="Pulse 1 para hablar con un representante.",
        enter_code="Marque las seis cifras del código que se le mostró.",
        wrong_code="Ese no es el código.",
        opt_out="Pulse 9 y esta empresa no volverá a llamarle.",
        goodbye="Gracias. Adiós.",
        opted_out="Esta empresa no volverá a llamarle. Adiós.",
        recorded="Esta llamada se graba.",
        objection="Si no lo desea, pulse ahora el 9.",
        hold="Por favor, espere.",
        thanks="Gracias por esperar.",
    ),
    "de": Sentences(
        voice="de",
        announcement="Bitte warten Sie, wir verbinden Sie mit dem Kundendienst von {name}.",
        announcement_unnamed="Bitte warten Sie, wir verbinden Sie mit dem Kundendienst.",
        whisper="Anruf für {name}.",
        whisper_unnamed="Anruf eines Kunden.",
        apology="Es tut uns leid, bei {name} kann im Moment niemand Ihren Anruf annehmen."
        " Bitte versuchen Sie es später noch einmal. Auf Wiederhören.",
        apology_unnamed="Es tut uns leid, im Moment kann niemand Ihren Anruf annehmen."
        " Bitte versuchen Sie es später noch einmal. Auf Wiederhören.",
        busy="Alle unsere Mitarbeiter sind im Gespräch. Bitte warten Sie.",
        introduction="Hier ist {name}.",
        introduction_unnamed="Dies ist der Anruf, um den Sie gebeten haben.",
        press="Drücken Sie die 1, um verbunden zu werden.",
        press_or_say="Drücken Sie die 1, um verbunden zu werden.",
        enter_code="Geben Sie die sechs Ziffern des Codes ein, der Ihnen gezeigt wurde.",
        wrong_code="Das ist nicht der Code.",
        opt_out="Drücken Sie die 9, und dieses Unternehmen ruft Sie nicht mehr an.",
        goodbye="Vielen Dank. Auf Wiederhören.",
        opted_out="Dieses Unternehmen ruft Sie nicht mehr an. Auf Wiederhören.",
        recorded="Dieses Gespräch wird aufgezeichnet.",
        objection="Wenn Sie das nicht möchten, drücken Sie jetzt die 9.",
        hold="Bitte warten Sie.",
        thanks="Vielen Dank, dass Sie gewartet haben.",
    ),
}
"""By language."""


def sentences(language: str) -> Sentences:
    """What is said in a language; in English where it is not known.

    >>> sentences("fr").goodbye, sentences("xx").goodbye
    ('Merci. Au revoir.', 'Thank you. Goodbye.')
    """
    return SENTENCES.get(language, SENTENCES["en"])


def language_of(voice: str) -> str:
    """The language that a synthesiser's voice speaks; English where it is not known.

    >>> language_of("fr"), language_of("en-us")
    ('fr', 'en')
    """
    return next((name for name, said in SENTENCES.items() if said.voice == voice), "en")
