"""Charsets: whether another one is offered, for real words of many languages."""

import time

import pytest

from tallykeep.engine.intake.sample import Sample, read_sample
from tallykeep.formats.charset import known_charset
from tallykeep.formats.charset_candidates import likelier_charsets
from tallykeep.formats.csv.header import HeaderHints

ELSEWHERE = {
    "Polish": ("Łódź Kraków Żywiec Gdańsk Poznań Wrocław Częstochowa Święta", "windows-1250 iso-8859-2 cp852"),
    "one Polish city": ("Łódź", "windows-1250 iso-8859-2"),
    "Czech": ("Plzeň Děčín Třebíč Příbram České Kuřim Brno-město Jiří Růžička", "windows-1250 iso-8859-2 cp852"),
    "Slovak": ("Žilina Štiavnica Ľubovňa Košice Prešov Ružomberok kôň ďateľ", "windows-1250 iso-8859-2"),
    "Hungarian": ("Győr Székesfehérvár Erdős Szőke fűtés könyvelő Kőszeg", "windows-1250 cp852"),
    "Romanian": ("Iaşi Timişoara Constanţa Brăila Târgu Bucureşti Piteşti", "windows-1250"),
    "Croatian": ("Petrović Čakovec Kovačić Đurđevac Šibenik Požega Babić", "windows-1250 iso-8859-2"),
    "Slovene": ("Črnomelj Kočevje Radeče Škofja Žalec Krško", "windows-1250"),
    "Lithuanian": ("Šiauliai Klaipėda Panevėžys Marijampolė Mažeikiai Kėdainiai", "windows-1257 cp775"),
    "Latvian": ("Rīga Jūrmala Liepāja Jēkabpils Rēzekne Cēsis Ķegums Šķirotava", "windows-1257"),
    "Turkish": ("İstanbul Şişli Beşiktaş Kadıköy Eskişehir Yıldız Çankırı Iğdır", "windows-1254 cp857"),
    "Russian": (
        "Москва Санкт-Петербург Екатеринбург скидка подарок Новый год",
        "windows-1251 koi8-u cp866 iso-8859-5",
    ),
    "Russian capitals": ("МОСКВА СКИДКА", "windows-1251 cp866 iso-8859-5"),
    "Bulgarian": ("София Пловдив Варна Бургас отстъпка", "windows-1251 cp866"),
    "Ukrainian": ("Київ Львів Рівне Харків Одеса Чернівці", "windows-1251 koi8-u"),
    "Greek": ("Αθήνα Θεσσαλονίκη Πάτρα Ηράκλειο έκπτωση Άρτα", "windows-1253 iso-8859-7 cp737"),
    "Hebrew": ("תל אביב ירושלים חיפה הנחה שלום", "windows-1255"),
    "Arabic": ("القاهرة الرياض خصم هدية دبي", "windows-1256"),
    "Thai": ("กรุงเทพ ส่วนลด ของขวัญ", "cp874"),
    "Japanese": ("東京都 大阪府 ギフト券 クーポン 割引 こんにちは", "shift_jis euc-jp"),
    "one Japanese city": ("東京都", "shift_jis"),
    "Japanese of Windows": ("①東京都 大阪府 ギフト券 髙島屋", "cp932"),
    "Chinese": ("北京市 上海 优惠券 礼品卡 折扣 广州", "gb18030"),
    "Chinese of Taiwan": ("台北市 高雄 優惠券 禮品卡 折扣", "big5"),
    "Korean": ("서울 부산 할인 쿠폰 상품권", "euc-kr"),
    "German": ("Köln Müller Straße Bäcker Österreich Übung süß Größe gültig", "cp850 macintosh"),
    "French": ("Évreux Besançon Nîmes crème été à là-bas où Noël forêt déjà", "cp850 macintosh"),
    "Spanish": ("España Málaga México niño año Martínez José corazón", "cp850 macintosh"),
    "Portuguese": ("São João maçã lições coração não às irmãs mãe Conceição", "cp850 macintosh"),
    "Swedish": ("Malmö Göteborg Åkerö hälsa Småland", "cp850 macintosh"),
    "prices in euros": ("10€ Citroën", "iso-8859-15"),
}
WESTERN = {
    "German": "Köln Müller Straße Bäcker Österreich Übung süß Größe Eßlöffel Fußgänger Süßigkeiten Überraschung",
    "French": "Évreux Besançon Nîmes crème été à là-bas où Noël cœur œuvre forêt déjà garçon maïs aiguë Lætitia L’Haÿ",
    "Spanish": "España Málaga México niño año Martínez José ¿Qué? ¡Olé! corazón Nº 1ª",
    "Portuguese": "São João maçã lições coração não às irmãs mãe Conceição àquele",
    "Italian": "caffè città perché più lunedì però Forlì È Università L’età virtù così",
    "Catalan": "Català pàgina Lleó Vicenç història Núria què col·legi Alcúdia raïm",
    "Dutch": "België ideeën cliënt reünie één crème coördinatie Israël",
    "Swedish": "Malmö Göteborg Åkerö hälsa Småland Linné",
    "Danish": "København Århus Ærø Sønderborg Rødgrød træ smørrebrød blåbær Søren Øster søen",
    "Norwegian": "Tromsø Ålesund Bærum Bodø Nærøy Røros påske",
    "Finnish": "Jyväskylä Hämeenlinna Åbo yö pääsiäinen Mäkinen",
    "Icelandic": "Reykjavík Ísafjörður Þórshöfn Guðný Höfn Sauðárkrókur Þingvellir Bjarnadóttir Sigurðsson",
    "Irish": "Seán Máire Éire fáilte",
    "Estonian": "Tõnu Pärnu Jõgeva Võru küüslauk Põltsamaa",
    "people of many countries": "Müller José François Søren Åkesson Muñoz João Zoë Škoda Tomáš Nový Guðný Beyoncé Crüe",
    "capitals": "MÜLLER STRAßE KÖLN CAFé ÉCOLE MüLLER GRÖßE CHÂTEAU ÉTÉ NOËL",
    "prices and units": "10\xa0€ 5€ €5 £10 ¥100 ½ 3½ 20° 20°C m² cm³ 12m² 5µm ±5 5‰ 10×20 Ø20 Preis¹ Wert² §5 ©2020",
    "typography": "„Hallo“ “quoted” ‘x’ it’s Coca® Tele™ «oui» »ja« word—word Köln–Bonn a… Größe–Länge • ·",
    "one word": "Maß",
    "an Icelandic name": "Guðný",
    "nothing but dashes": "word—word other–one",
}


def csv_of(words: str, charset: str) -> bytes:
    return ("Code;City\n" + "".join(f"C-{n};{word}\n" for n, word in enumerate(words.split(" ")))).encode(charset)


@pytest.mark.parametrize(
    ("words", "charset"),
    [(words, charset) for words, charsets in ELSEWHERE.values() for charset in charsets.split()],
    ids=[f"{name}, {charset}" for name, (_, charsets) in ELSEWHERE.items() for charset in charsets.split()],
)
def test_a_file_in_another_charset_is_noticed(words: str, charset: str) -> None:
    data = csv_of(words, charset)
    seen = read_sample(Sample(data, True, None), None, HeaderHints(), 10_000)
    assert data.decode(seen.encodings[0]) == data.decode(charset)
    assert likelier_charsets(data, charset) == []
    assert all(map(known_charset, seen.encodings))


@pytest.mark.parametrize("words", WESTERN.values(), ids=list(WESTERN))
@pytest.mark.parametrize("charset", ["cp1252", "utf-8"])
def test_a_file_in_its_own_charset_is_not_doubted(words: str, charset: str) -> None:
    seen = read_sample(Sample(csv_of(words, charset), True, None), None, HeaderHints(), 10_000)
    assert (seen.encoding, seen.encodings) == (charset, [])


@pytest.mark.parametrize(
    "word", [word for words in WESTERN.values() for word in words.split(" ") if not word.isascii()]
)
def test_no_word_alone_casts_doubt(word: str) -> None:
    assert likelier_charsets(csv_of(word, "cp1252"), "cp1252") == []


def test_utf8_read_as_something_else_is_noticed() -> None:
    data = csv_of("Köln Łódź Việt 😀", "utf-8")
    assert [likelier_charsets(data, taken) for taken in ("latin-1", "ascii", "windows-1250")] == [["utf-8"]] * 3


def test_a_few_bad_bytes_in_utf8_cast_no_doubt() -> None:
    data = csv_of("Köln Düsseldorf München Nürnberg " * 5, "utf-8") + b"X;K\xf6ln\n"
    seen = read_sample(Sample(data, True, None), None, HeaderHints(), 10_000)
    assert (seen.encoding, seen.encodings) == ("utf-8", [])


@pytest.mark.parametrize("sample", [b"", b"Code\nA\n", "Łódź".encode("utf-16")])
def test_what_tells_nothing_is_not_doubted(sample: bytes) -> None:
    assert likelier_charsets(sample, "utf-16" if b"\xff" in sample else "utf-8") == []


HOSTILE = [b"\xe4" * 4_000_000, b"\xe4,a." * 1_000_000, b"\xd0" * 1_000 + b"\n", b"x" * 4_000_000 + b"\xe4",
           b"".join(b"%c%c " % (n % 128 + 128, n // 128 % 128 + 128) for n in range(1_000_000))]  # fmt: skip


@pytest.mark.parametrize("sample", HOSTILE, ids=range(len(HOSTILE)))
def test_the_answer_does_not_take_longer_for_more(sample: bytes) -> None:
    start = time.process_time()
    likelier_charsets(sample, "cp1252")
    assert time.process_time() - start < 2


def test_one_letter_again_and_again_is_looked_at_once() -> None:
    assert likelier_charsets(f"Code\n{'æ' * 200}ß\n{'Å' * 200}\n".encode("cp1252"), "windows-1252") == []
