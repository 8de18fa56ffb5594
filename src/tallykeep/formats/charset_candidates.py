"""Charsets: whether a text read in one of them looks like words, and which others would read better.

Statistics of entire files tell little where all but a few cells are ASCII; words tell more: are their letters
those of one language, in places where it has them? A ³ or a Ÿ within a word is what a wrong charset makes.
"""

import codecs
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache

_MAX_BYTES = 4_000
_MAX_CELL_LENGTH = 1_000
_EXAMINED_BYTES = 262_144
_AS_IT_STANDS = 0.9  # of what is not ASCII has to be in plausible words for the charset not to be doubted
_BETTER_BY = 0.25
_PERFECT = 0.97  # in words of one language: then it need not be that much better
_SLIGHTLY_BETTER_BY = 0.1
_MAX_OFFERED = 3
_MAX_BEHIND = 0.15
_CELLS = re.compile(rb'[^\s,;"]+')
_CHUNKS = re.compile(r"[A-Za-z\x80-\U0010ffff]+")

# By how common they are; of two that read the same, the first is offered.
_CHARSETS = (
    "windows-1252", "windows-1250", "windows-1251", "iso-8859-15", "iso-8859-2", "windows-1254", "windows-1253",
    "windows-1257", "shift_jis", "cp932", "euc-kr", "euc-jp", "gb18030", "big5", "windows-1255", "windows-1256",
    "cp874", "cp850", "cp852", "cp866", "koi8-u", "macintosh", "iso-8859-5", "iso-8859-7", "cp437", "cp737", "cp857",
    "cp775",
)  # fmt: skip

# The others were named by somebody who knows them.
_DOUBTED = {codecs.lookup(charset).name for charset in (*_CHARSETS, "utf-8", "ascii", "latin-1")}

# Lower-case words with letters of this language only, where its spelling has them.
_LANGUAGES = {
    "German": r"[a-zäöüßé]",
    "French": r"[a-zâéêëîïôûüÿæ]|œ(?=[uidetns])|ç(?=[aouàâôûé])|è(?=[^\W\daeiouyéè])|[àù]$",
    "Spanish": r"[a-záéíóúüñ]",
    "Portuguese": r"[a-záâéêíóôúü]|ã(?=[oeis]|$)|õ(?=e)|ç(?=[aouãõáóâôúéêí])|à(?=[sq]|$)",
    "Italian": r"[a-z]|[àèéìíîòóùú]$",
    "Catalan": r"[a-jl-vx-záéíïóúü]|[àòè](?![aeiou])|ç(?=[aouàèéíòóú]|$)",
    "Dutch": r"[a-záâéêëíîïóöúûü]|è(?=[^\W\daeiouy])|ç(?=[aou])",
    "Swedish": r"[a-zåäöéü]",
    "Danish": r"[a-zøåéôüöä]|(?<!i)æ|(?<=i)æ(?!$)",
    "Icelandic": r"[abd-pr-vxyáéíóúýæö]|þ(?=.)|(?<=.)ð",
    "Estonian": r"[abd-pr-väöüõšž]",
    "Hungarian": r"[a-záéíóöőúüű]",
    "Czech": r"[a-záčďéěíňóřšťúůýž]",
    "Slovak": r"[a-záäčďéíĺľňóôŕšťúýž]",
    "Polish": r"[a-ząćęłńóśźż]",
    "Romanian": r"[a-zăâîșțşţ]",
    "Croatian": r"[a-zčćđšž]",
    "Lithuanian": r"[a-ząčęėįšųūž]",
    "Latvian": r"[a-zāčēģīķļņšūž]",
    "Turkish": r"[a-pr-vyzçğıöşüâîû]",
    "Albanian": r"[a-zë]|ç(?=[aeiouëm])",
}
# Possessive: where two alternatives took the same letter, a long run of it would be tried in all combinations.
_WORDS = {language: re.compile(f"(?:{characters})++") for language, characters in _LANGUAGES.items()}
_ANY_WORD = re.compile("|".join(f"(?:{characters})++$" for characters in _LANGUAGES.values()))

# The letters that make up most of a text in these scripts, and those behind; elsewhere it is in another charset.
_COMMON = {
    "CYRILLIC": ("оеаинтс", "рвлкмдпуі"),
    "GREEK": ("αοιετνσς", "ρκλημπυωάόίέή"),
    "HEBREW": ("יוהלאר", "תמבשנחדע"),
    "ARABIC": ("اليمنر", "وتبةدسعهق"),
    "THAI": ("านรกเอ", "งมยลวดทสต่้ัิี"),
}
_WEIGHTS = (1.0, 0.75, 0.2)
_EXPECTED_WEIGHT = 0.75
_FINAL = re.compile(r"[ךםןףץ](?=[א-ת])")
_EASTERN = {  # the first bytes of the characters that are used every day
    "shift_jis": (0x88, 0x98), "cp932": (0x88, 0x98), "euc_jp": (0xB0, 0xCF), "gb18030": (0xB0, 0xD7),
    "big5": (0xA4, 0xC6),
}  # fmt: skip
_JAPANESE = ("shift_jis", "cp932", "euc_jp")
_WITHIN_WORDS = set("–—·…•®™©\xad")
_APOSTROPHES = set("’‘´")
_BEHIND_WORDS = set("¹²³”“»«’‘›‹…·•®™©°ºª†‡–—€´!?%§¡")
_SELDOM_BEHIND_WORDS = set("½¼¾£¥¢¿„‚±×µ")
_BEFORE_WORDS = set("“„”»«‘’‚‹›¡¿§€©®†•·–—°±µ…×…")
_NEVER = set("¤¦¬¯¨¸ˆ˜\ufffd")
_RARE = set("ýþðÝÞÐ")
_BESIDE_THEM = set("áíóúÁÍÓÚ")


def likelier_charsets(sample: bytes, taken: str) -> list[str]:
    """List charsets, likeliest first, that this text reads much better in than in the one taken; none where it is fine.

    At most three, and of those that read alike one; each is a name that `charset` takes. The sample ends with a line.
    """
    cells = _telling_cells(sample)
    codec = codecs.lookup(taken).name
    if not cells or codec not in _DOUBTED:
        return []
    if _read(cells, "utf-8"):  # which no other text is by chance
        return [] if codec == "utf-8" else ["utf-8"]
    now = _plausibility((cell.decode(codec, "replace") for cell in cells), codec)
    return [] if now >= _AS_IT_STANDS else _best(_better_readings(cells, now))


_Reading = tuple[float, float, str]


def _better_readings(cells: list[bytes], now: float) -> Iterator[_Reading]:
    """Yield the charsets in which these cells are more plausible: by how much, how coherent, and the charset."""
    readings: set[tuple[str, ...]] = set()
    for charset in _CHARSETS:
        texts = _read(cells, charset)
        if texts is None or tuple(texts) in readings:
            continue
        readings.add(tuple(texts))
        better = _plausibility(texts, codecs.lookup(charset).name)
        if better >= now + _SLIGHTLY_BETTER_BY:
            coherence = _coherence(texts)
            if better >= now + _BETTER_BY or min(better, coherence) >= _PERFECT:
                yield better, coherence, charset


def _best(readings: Iterable[_Reading]) -> list[str]:
    ranked = sorted(
        ((better + coherence, charset) for better, coherence, charset in readings), key=lambda each: -each[0]
    )
    return [charset for score, charset in ranked if score >= ranked[0][0] - _MAX_BEHIND][:_MAX_OFFERED]


def _telling_cells(sample: bytes) -> list[bytes]:
    """Return the first distinct pieces of text that are not ASCII. What divides them is no part of any character."""
    if sample.isascii():
        return []
    start = next(
        (at for at in range(0, len(sample), _EXAMINED_BYTES) if not sample[at : at + _EXAMINED_BYTES].isascii()), 0
    )
    cells: dict[bytes, None] = {}
    size = 0
    for match in _CELLS.finditer(sample, start, start + 2 * _EXAMINED_BYTES):
        cell = match[0]
        if not cell.isascii() and cell not in cells and len(cell) <= _MAX_CELL_LENGTH:
            cells[cell] = None
            size += len(cell)
            if size >= _MAX_BYTES:
                break
    return list(cells)


def _read(cells: list[bytes], charset: str) -> list[str] | None:
    try:
        return [cell.decode(charset) for cell in cells]
    except UnicodeDecodeError:
        return None


def _plausibility(texts: Iterable[str], charset: str) -> float:
    """Rate which part of what is not ASCII is in plausible words."""
    chunks = Counter(chunk for text in texts for chunk in _CHUNKS.findall(text) if not chunk.isascii())
    doubtful = _doubtful(chunks)
    total = sum(_foreign(chunk) * count for chunk, count in chunks.items())
    graded = sum(
        _foreign(chunk) * count * (0.0 if doubtful and not doubtful.isdisjoint(chunk) else _grade(chunk, charset))
        for chunk, count in chunks.items()
    )
    return graded / total if total else 1.0


def _doubtful(chunks: Collection[str]) -> set[str]:
    """Return the letters ý, þ, ð, where a language that has them would have more á, í, ó and ú."""
    rare = [chunk for chunk in chunks if not _RARE.isdisjoint(chunk)]
    beside = sum(character in _BESIDE_THEM for chunk in chunks for character in chunk)
    return (
        _RARE
        if len(rare) >= 3 and 2 * beside < sum(character in _RARE for chunk in rare for character in chunk)
        else set()
    )


def _foreign(chunk: str) -> int:
    return sum(character > "\x7f" for character in chunk)


def _grade(chunk: str, charset: str) -> float:
    """Grade how plausible a run of letters and of what is not ASCII is: 0 to 1."""
    grades = []
    for is_word, piece, before, behind in _pieces(chunk):
        if is_word:
            grades.append(_word_grade(piece, charset))
        else:
            grades += [_symbol_grade(character, before, behind) for character in piece]
    return min(grades, default=1.0)


def _pieces(chunk: str) -> Iterator[tuple[bool, str, str, str]]:
    """Yield its words and the texts between them, each with the characters before and after it."""
    start = 0
    for end in range(1, len(chunk) + 1):
        if end == len(chunk) or _is_letter(chunk[end]) != _is_letter(chunk[start]):
            yield _is_letter(chunk[start]), chunk[start:end], chunk[max(0, start - 2) : start], chunk[end : end + 1]
            start = end


@lru_cache(4096)
def _is_letter(character: str) -> bool:
    # Spanish and Portuguese write º and ª, and µ is a unit: symbols to us. Vowel marks are parts of words.
    return character not in "ºªµˆ" and unicodedata.category(character) in ("Lu", "Ll", "Lo", "Lt", "Lm", "Mn", "Mc")


def _symbol_grade(character: str, before: str, behind: str) -> float:
    if character in _NEVER or unicodedata.category(character) in ("Cc", "Cn", "Co", "Cs"):
        return 0.0
    if unicodedata.name(character, "").startswith(("BOX", "LIGHT SHADE", "MEDIUM SHADE", "DARK SHADE", "FULL BLOCK")):
        return 0.0
    if before and behind:
        beside_ascii = behind.isascii() or before[-1].isascii()
        return float(character in _WITHIN_WORDS or character > "\u3000" or (character in _APOSTROPHES and beside_ascii))
    if before:
        return float(character in _BEHIND_WORDS or character > "\u3000") or 0.5 * (character in _SELDOM_BEHIND_WORDS)
    return float(not behind or character in _BEFORE_WORDS or character > "\u3000")


def _word_grade(word: str, charset: str) -> float:
    scripts = {_script(character) for character in word}
    if scripts == {"LATIN"}:
        return float(not _is_mixed_up(word) and _ANY_WORD.match(_lower(word)) is not None)
    if len(scripts) == 1 and (script := next(iter(scripts))) in _COMMON:
        return _script_grade(word, script)
    if scripts <= {"CJK", "HIRAGANA", "KATAKANA", "HALFWIDTH", "HANGUL", "FULLWIDTH", "LATIN"}:
        return _eastern_grade(word, charset)
    return 0.0


@lru_cache(4096)
def _script(character: str) -> str:
    return unicodedata.name(character, "?").partition(" ")[0].partition("-")[0]


def _lower(word: str) -> str:
    return word.replace("İ", "i").lower()


def _is_mixed_up(word: str) -> bool:
    """Whether a capital that is not ASCII stands where none does: BŠcker, MŸller."""
    for at in range(1, len(word)):
        if word[at] > "\x7f" and word[at].isupper():
            before, behind = word[at - 1], word[at + 1 : at + 2]
            if before.islower() or (before.isupper() and behind.islower() and behind != "ß"):
                return True
    return False


def _script_grade(word: str, script: str) -> float:
    if script in ("CYRILLIC", "GREEK") and not (word[1:].islower() or word.isupper() or len(word) == 1):
        return 0.0
    if _FINAL.search(word):
        return 0.0
    maximum, many = _COMMON[script]
    weights = [_WEIGHTS[0 if character in maximum else 1 if character in many else 2] for character in word.lower()]
    return min(1.0, sum(weights) / len(weights) / _EXPECTED_WEIGHT)


def _eastern_grade(word: str, charset: str) -> float:
    """Grade common characters high, those of another language in the same charset low; Latin ones not within."""
    if any(character.isascii() and character.islower() for character in word):
        return 0.0
    characters = [character for character in word if not character.isascii()]
    return sum(_eastern_character_grade(character, charset) for character in characters) / len(characters)


def _eastern_character_grade(character: str, charset: str) -> float:
    script = _script(character)
    if script == "HANGUL":
        return 0.9 if charset in ("euc_kr", "utf-8") else 0.2
    if script in ("HIRAGANA", "KATAKANA"):
        return 1.0 if charset in (*_JAPANESE, "utf-8") else 0.5
    if script == "CJK" and charset in _EASTERN:
        first, last = _EASTERN[charset]
        return 0.9 if first <= character.encode(charset)[0] <= last else 0.3
    return 1.0 if charset == "utf-8" else 0.4


def _coherence(texts: Iterable[str]) -> float:
    """Rate which part of the words is of the one language that has most of them; 1 for other scripts."""
    words = {
        word for text in texts for chunk in _CHUNKS.findall(text) for is_word, word, _, _ in _pieces(chunk) if is_word
    }
    latin = [_lower(word) for word in words if not word.isascii() and _script(word[0]) == "LATIN"]
    if not latin:
        return 1.0
    return max(sum(each.fullmatch(word) is not None for word in latin) for each in _WORDS.values()) / len(latin)
