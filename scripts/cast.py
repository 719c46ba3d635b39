"""The people of the demo: plainly fictional, each with a simulated card."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Member:
    """One person. ``fault`` names what is wrong with the card, for trying the refusals."""

    key: str
    role: str
    family: str
    given: str
    family_kana: str
    given_kana: str
    born_on: date
    sex: str
    auth_pin: str = "1234"
    sign_pin: str = "ABC123"
    fault: str = ""

    @property
    def name(self) -> str:
        """Family and given name, full-width space between, as on the card."""
        return f"{self.family}\u3000{self.given}"

    @property
    def card(self) -> str:
        """The folder of the card."""
        return self.key


DEMO_CAST = (
    Member(
        "hanako", "mother of two", "見本", "花子", "みほん", "はなこ", date(1993, 4, 2), "female"
    ),
    Member("taro", "father, patient", "見本", "太郎", "みほん", "たろう", date(1990, 5, 1), "male"),
    Member(
        "nurse", "health center", "例示", "保子", "れいじ", "やすこ", date(1985, 9, 9), "female"
    ),
    Member(
        "physician",
        "physician at B",
        "仮野",
        "医太郎",
        "かりの",
        "いたろう",
        date(1978, 1, 15),
        "male",
    ),
    Member(
        "reception-a",
        "reception at A",
        "試験",
        "受子",
        "しけん",
        "うけこ",
        date(1996, 7, 7),
        "female",
    ),
    Member(
        "reception-b",
        "reception at B",
        "試験",
        "付男",
        "しけん",
        "つけお",
        date(1994, 2, 3),
        "male",
    ),
    Member(
        "admin", "administrator", "練習", "管理", "れんしゅう", "かんり", date(1982, 12, 1), "male"
    ),
    Member(
        "stranger", "not registered", "見知", "太一", "みしり", "たいち", date(1999, 3, 3), "male"
    ),
    Member(
        "newcomer",
        "registers herself",
        "新顔",
        "初子",
        "にいがお",
        "はつこ",
        date(1995, 10, 4),
        "female",
    ),
    Member(
        "namesake",
        "for the desk",
        "同姓",
        "同名",
        "どうせい",
        "どうめい",
        date(1992, 11, 3),
        "male",
    ),
    Member(
        "revoked",
        "card revoked",
        "失効",
        "例子",
        "しっこう",
        "れいこ",
        date(1991, 6, 6),
        "female",
        fault="revoked",
    ),
    Member(
        "expired",
        "card expired",
        "期限",
        "切雄",
        "きげん",
        "きれお",
        date(1988, 8, 8),
        "male",
        fault="expired",
    ),
)
