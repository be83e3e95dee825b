"""Words and syllables of each language, for sentences that mean nothing and hold every sound.

Words are common ones in plain letters; the sounds that plain letters cannot write come from the
syllables, which are espeak-ng's mnemonics.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Syllables:
    """Sounds of a language as espeak-ng's mnemonics."""

    onsets: tuple[str, ...]
    vowels: tuple[str, ...]
    codas: tuple[str, ...]


def _syllables(onsets: str, vowels: str, codas: str) -> Syllables:
    return Syllables(tuple(onsets.split()), tuple(vowels.split()), ("", "", *codas.split()))


ENGLISH: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        part: tuple(words.split())
        for part, words in {
            "article": "the a my your our this that every some her his their",
            "adjective": "big small purple yellow brave happy empty bright simple warm blue "
            "wooden clever shy broad fresh thick smooth vague humble jealous rough narrow foggy "
            "plump moist hidden royal gentle crispy zesty absurd modern bitter awkward faithful "
            "northern usual lazy joyful proud cheap huge tough brown wild soft private",
            "noun": "baby pepper bottle mother father apple boy girl village window river bridge "
            "garden picture moment problem member maple bubble pumpkin hammer lamp thumb camp "
            "shop chimney judge measure vision beach fish voice house mouse cloud thought bath "
            "tooth weather feather leaf wolf queen question quiz yard university onion jewel "
            "orange engine zoo zebra museum prize ship shoe sugar sheep child church kitchen "
            "match watch storm farm arm bird nurse word world hour tower flower power boat "
            "goat road coat boil coin toy cook book foot pudding moon spoon music human hat cat "
            "map taxi captain elbow yellow pillow ladder letter water butter mountain fountain "
            "young uncle brother money honey rhythm path gift thief laugh enough phone graph",
            "verb": "sees makes brings follows keeps pushes pulls breaks opens shuts paints moves "
            "loves enjoys believes measures catches teaches watches throws wraps builds burns "
            "turns hears shares bothers doubles pays buys points invites improves imagines "
            "remembers forgets jumps_over whispers_to laughs_at thinks_about looks_for",
            "adverb": "slowly quickly maybe perhaps often never always today tomorrow somehow "
            "rather probably almost above beyond again together properly bravely smoothly",
            "place": "in under behind above before beside beyond with without near from about",
            "opening": "well now_then but because if when although before maybe yes no please "
            "of_course by_the_way my_friend oh",
            "question": "who what why where how_many which_of_them when",
        }.items()
    }
)
"""By part of speech; _ stands for a space."""

WORDS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        language: tuple(words.split())
        for language, words in {
            "de": "der die das ein eine und oder aber wenn weil mit ohne unter neben vor haben "
            "machen bleiben geben lieben leben springen bringen fliegen rufen kaufen laufen "
            "warten fragen schreiben sprechen trinken Baum Blume Apfel Pferd Pfeffer Buch Tasche "
            "Schule Schiff Stein Fenster Wasser Vogel Freund Mutter Vater Kind Haus Auge Leute "
            "Feuer Zeit Zimmer Abend Morgen Sommer Himmel Lampe Nebel Bauch Jahr Joghurt Wolke "
            "gut neu alt jung klein blau braun warm langsam immer niemals vielleicht etwas acht",
            "fr": "le la les un une et ou mais avec sans sous dans pour chez je tu il elle nous "
            "vous parle mange boit donne aime trouve cherche ouvre ferme pense porte marche "
            "maison jardin montagne bouche main jambe pomme pain beurre fromage chambre campagne "
            "enfant homme femme oiseau cheval chien lune soleil pluie feuille fleur livre photo "
            "musique rue ville bureau voiture bateau avion monde temps matin soir jeune vieux "
            "beau blanc rouge bleu jaune bon grand petit brave simple jamais toujours peut lui",
            "es": "el la los un una y o pero con sin sobre para yo ella nosotros habla come bebe "
            "vive abre busca mira llama canta piensa compra vende pregunta casa puerta ventana "
            "calle pueblo campo playa barco libro papel pluma mesa silla leche queso pan manzana "
            "tomate perro gato caballo pollo amigo madre padre hombre mujer joven viejo bueno "
            "malo grande blanco verde rojo azul amarillo siempre nunca quizas ayer hoy lluvia "
            "sombra tiempo cabeza mano boca brazo pie hermano jamon zapato cielo chico guitarra",
            "it": "il la lo gli un una e o ma con senza sopra per io noi loro parla mangia beve "
            "vive apre cerca guarda chiama canta pensa compra vende chiede casa porta finestra "
            "strada campo spiaggia barca libro carta penna tavolo sedia latte formaggio pane mela "
            "pomodoro cane gatto cavallo pollo amico madre padre uomo donna giovane vecchio buono "
            "grande bianco verde rosso azzurro giallo sempre mai forse ieri oggi pioggia ombra "
            "tempo testa mano bocca braccio piede famiglia figlio bagno sogno scena pesce zucchero",
            "pt-BR": "o a os um uma e ou mas com sem sobre para eu ela fala come bebe vive abre "
            "procura olha chama canta pensa compra vende pergunta casa porta janela rua campo "
            "praia barco livro papel caneta mesa cadeira leite queijo tomate cachorro gato cavalo "
            "frango amigo homem mulher jovem velho bom grande branco verde vermelho azul amarelo "
            "sempre nunca talvez ontem hoje chuva sombra tempo boca dedo filho banho sonho peixe "
            "bem sim quem dente bonito menino palavra trabalho problema bomba pombo lembra",
            "pl": "ten ta to i albo ale bez pod nad przed dla ja ona mieszka pisze czyta pije "
            "robi kupuje szuka patrzy otwiera zamyka dom okno drzwi ulica miasto pole las rzeka "
            "morze statek papier krzes mleko ser chleb masa pomidor pies kot brat siostra mama "
            "tata babcia chleba dobry nowy stary zielony czarny zawsze nigdy czasem dzisiaj jutro "
            "deszcz czas palec wiosna lato zima jesie niebo chmura ptak ryba zupa kawa herbata "
            "szkoda prosz gdzie dlaczego wszystko trzeba bardzo ciemno jasno szybko powoli",
            "fi": "mies poika talo puu meri vene kirja paperi kala kissa koira lintu joki silta "
            "ikkuna ovi katu kaupunki metsa kukka omena leipa maito juusto vesi kahvi ilta aamu "
            "yksi kaksi kolme suuri pieni vanha uusi punainen sininen vihrea lumi sade aurinko "
            "kuu tuuli muutama mutta kanssa ilman alla vieress menee tulee puhuu laulaa juo avaa "
            "maalaa ostaa kysyy ajattelee aina joskus huomenna eilen hyppii tyyny ystava",
            "nl": "de het een en of maar met zonder onder naast voor hebben maken blijven geven "
            "lopen roepen kopen vragen schrijven spreken drinken boom bloem appel paard boek tas "
            "school schip steen raam water vogel vriend moeder vader kind huis oog mensen vuur "
            "tijd kamer avond morgen zomer hemel lamp buik jaar wolk goed nieuw oud jong klein "
            "blauw bruin warm langzaam altijd nooit misschien iets acht neus muis deur keuken uit",
            "tr": "bir bu ve ama ile veya ben sen biz ev kap pencere yol deniz gemi kitap masa "
            "ekmek peynir elma domates kedi at anne baba adam genc iyi yeni eski beyaz mavi yesil "
            "her zaman belki bug dun yarin ya mur hava su kahve bal bulut orman nehir uzak yak n "
            "gel git bak yap bul sev ver al okuyor geliyor biliyor bekliyor hep pembe bebek mutlu",
            "id": "ini itu dan atau tetapi dengan tanpa di bawah untuk saya kamu mereka rumah "
            "pintu jendela jalan kampung pantai kapal buku kertas meja kursi susu keju roti apel "
            "tomat anjing kucing kuda ayam teman ibu bapak orang muda tua baik besar putih hijau "
            "merah biru kuning selalu tidak pernah mungkin kemarin besok hujan waktu kepala mulut "
            "tangan lampu jembatan membaca membeli memberi bermain pergi pulang nyamuk bunga cinta",
            "sw": "hii hiyo na au lakini pamoja bila chini kwa mimi wewe wao nyumba mlango dirisha "
            "barabara kijiji bahari meli kitabu karatasi meza kiti maziwa mkate tofaa nyanya mbwa "
            "paka farasi kuku rafiki mama baba mtu kijana mzee nzuri kubwa nyeupe samawati daima "
            "labda jana kesho mvua wakati kichwa mdomo mkono taa daraja kusoma kununua kupa "
            "kucheza kwenda mbu maua upendo ngoma mbili nane shule chakula jambo simba tembo",
            "cmn": "wo3 ni3 ta1 men5 shi4 bu4 zai4 you3 mei2 he2 dan4 ren2 jia1 men2 chuang1 lu4 "
            "cun1 hai3 chuan2 shu1 zhi3 zhuo1 yi3 niu2 nai3 mian4 bao1 ping2 guo3 gou3 mao1 ma3 "
            "ji1 peng2 ma1 ba4 nan2 nv3 lao3 hao3 da4 xiao3 bai2 lv4 hong2 lan2 huang2 zong3 "
            "ke3 zuo2 ming2 yu3 feng1 shi2 tou2 zui3 shou3 deng1 qiao2 du2 mai3 gei3 wan2 qu4 hui2 "
            "wen2 hua1 ai4 yue4 liang4 xue2 sheng1 zhong1 guo2 pao3 bang1 pian4 mo4 bo1 fu4 fei1",
        }.items()
    }
)
"""Words by language, without order or meaning."""

SYLLABLES: Final[Mapping[str, Syllables]] = MappingProxyType(
    {
        "en": _syllables(
            "p b m f v w t d n l s z S dZ tS Z T D k g h j r pl br fl sp st kw tr",
            "i: I eI E a aI A: O: oU U u: V 3: aU OI",
            "p b m f v t d n l s z S tS dZ T k g N mp lb nt ft",
        ),
        "de": _syllables(
            "p b m f v t d n l z S k g h j r pf ts pl br Sp St kv",
            "i: I e: E a a: O o: U u: y: Y Y: W aI aU OY @",
            "p m f t n l s S C x k N mp pf nt",
        ),
        "fr": _syllables(
            "p b m f v w t d n l s z S Z k g r n^ pl br fl",
            "i e E a A O o u y Y W E~ A~ O~ W~",
            "p b m f v t d l s z S Z k r",
        ),
        "es": _syllables(
            "p b m f t d n l s tS k g x r R n^ l^ pl br fl", "i e a o u ai au ei", "m n l s R"
        ),
        "it": _syllables(
            "p b m f v t d n l s S tS dZ k g r n^ l^ ts pl br", "i e E a o O u", "m n l r s"
        ),
        "pt-BR": _syllables("p b m f v t d n l s z S Z k g", "i e E a o O u", "m s l"),
        "pl": _syllables(
            "p b m f v t d n l s z S Z tS k g x r j", "i y E a O u", "p m f t n s S k x"
        ),
        "fi": _syllables("p m v t n l s k h j r", "i e & a o u y Y", "n s t l"),
        "nl": _syllables(
            "p b m f v t d n l s z k x h j r", "i I E a: A O o: u y Y", "p m f t n l s k x"
        ),
        "tr": _syllables(
            "p b m f v t d n l s z S tS dZ k g j", "i E a O u y W", "p m t n l s S k z"
        ),
        "id": _syllables("p b m t d n l s tS dZ k g h r", "i e a o u @", "p m n t k N h"),
        "sw": _syllables("p b m f v t d n l s z S tS k g h j w", "i e a o u", "m n"),
        "cmn": _syllables("p m f t n l s k", "i a o u", "n"),
    }
)
