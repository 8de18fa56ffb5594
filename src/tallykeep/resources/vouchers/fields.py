"""The fields of a voucher, each declared once; files, JSON, the table, lists and exports are derived from this list.

Sources: the public API documentation's schemas VoucherImportBase, VoucherCreateBase and VoucherWithCategories, its
guide to imports of files, and what the official SDKs' filters for vouchers and the exports of vouchers name.
Synonyms are in English, then German, Polish, French and Spanish where obvious.
"""

from tallykeep.core.ids import wire_time
from tallykeep.db.queries import queries
from tallykeep.formats.csv.titles import normal_title
from tallykeep.resources.categories.list_spec import CATEGORY, CATEGORY_ID
from tallykeep.resources.fields import cleaning, numerals
from tallykeep.resources.fields import spreadsheet_spellings as spellings
from tallykeep.resources.fields.field import Field
from tallykeep.resources.fields.filters import Condition, Filter
from tallykeep.resources.lists.conditions import ACTIVE, days_of_week, number, present, text, timestamp, word
from tallykeep.resources.vouchers import worth_cells
from tallykeep.resources.vouchers.cell_choices import DISCOUNT_TYPE_CELL, EFFECT_NAMES, TYPE_CELL, effect_cell
from tallykeep.resources.vouchers.domain import DISCOUNT_TYPES, VOUCHER_TYPES

_sql = queries(__package__, "read.sql")

_CAMPAIGN = text(_sql.campaign)
# By way of the campaign's id, which has an index.
_BY_CAMPAIGN = {**_CAMPAIGN.conditions, "$is": Condition(sql=_sql.is_campaign, read=cleaning.text)}

FIELDS: tuple[Field, ...] = (
    Field(
        name="code",
        clean=cleaning.key_text,
        required=True,
        titles=("Code",),
        clean_cell=cleaning.key_text,
        filters={"code": text()},
        synonyms=(
            "id", "voucher", "voucher code", "voucher number", "voucher no", "voucher id", "coupon",
            "coupon code", "coupon number", "coupon id", "promo code", "promo", "promotion code",
            "discount code", "gift code", "gift card", "gift card code", "gift card number", "card number",
            "card code", "serial", "serial number", "gutschein", "gutscheincode", "gutscheinnummer",
            "gutschein nr", "rabattcode", "aktionscode", "kartennummer", "kod", "kod kuponu", "kod rabatowy",
            "kod vouchera", "kupon", "code promo", "code de réduction", "bon", "bon de réduction",
            "numéro de bon", "código", "código de cupón", "código promocional", "cupón", "vale",
        ),
    ),
    Field(
        name="type",
        composed=True,
        required=True,
        titles=("Voucher Type",),
        clean_cell=TYPE_CELL,
        choices=VOUCHER_TYPES,
        filters={"type": word(*VOUCHER_TYPES), "voucher_type": word(*VOUCHER_TYPES, column="type")},
        synonyms=(
            "type", "kind", "coupon type", "gutscheinart", "art", "typ", "gutscheintyp", "rodzaj",
            "typ vouchera", "type de bon", "tipo", "tipo de cupón",
        ),
    ),
    Field(
        name="value",
        in_json=False,
        titles=("Value",),
        shape="number",
        clean_cell=str,
        stored=False,
        export=worth_cells.value,
        synonyms=(
            "amount", "amount off", "percent", "percent off", "percentage", "discount", "discount value",
            "discount amount", "discount percent", "gift amount", "gift value", "balance", "worth", "points",
            "off", "unit off", "face value", "wert", "betrag", "rabatt", "nachlass", "prozent", "guthaben",
            "wartość", "kwota", "rabat", "zniżka", "procent", "valeur", "montant", "remise", "réduction",
            "pourcentage", "solde", "valor", "importe", "descuento", "porcentaje", "saldo",
        ),
    ),
    Field(
        name="discount_type",
        in_json=False,
        titles=("Discount Type",),
        clean_cell=DISCOUNT_TYPE_CELL,
        choices=DISCOUNT_TYPES,
        stored=False,
        export=worth_cells.discount_type,
        filters={
            "discount_type": word(*DISCOUNT_TYPES, column=_sql.discount_type),
            "discount_unit_type": text(_sql.discount_unit_type),
        },
        synonyms=(
            "value type", "discount kind", "type of discount", "rabattart", "rabatttyp", "typ rabatu",
            "rodzaj rabatu", "type de remise", "type de réduction", "tipo de descuento",
        ),
    ),
    Field(
        name="discount_effect",
        in_json=False,
        titles=("Discount Effect",),
        clean_cell=effect_cell,
        choices=EFFECT_NAMES,
        stored=False,
        export=worth_cells.discount_effect,
        synonyms=(
            "effect", "applies to", "apply to", "wirkung", "gilt für", "efekt", "effet", "efecto",
        ),
    ),
    Field(
        name="validation_rule",
        in_json=False,
        titles=("Validation Rule ID",),
        clean_cell=cleaning.text,
        stored=False,
        export=worth_cells.validation_rule,
        synonyms=(
            "validation rule", "validation rules", "rule", "rule id", "regel", "reguła", "règle", "regla",
        ),
    ),
    Field(name="discount", composed=True),
    Field(
        name="gift",
        composed=True,
        grows=True,
        filters={"gift_balance": number(_sql.gift_balance)},
    ),
    Field(
        name="loyalty_card",
        composed=True,
        grows=True,
        filters={"loyalty_balance": number(_sql.loyalty_balance)},
    ),
    Field(
        name="category",
        composed=True,
        titles=("Category",),
        clean_cell=cleaning.text,
        filters={
            "category": CATEGORY, "categories": CATEGORY, "category_id": CATEGORY_ID, "category_ids": CATEGORY_ID,
        },
        synonyms=(
            "categories", "group", "kategorie", "gruppe", "kategoria", "catégorie", "categoría", "grupo",
        ),
    ),
    Field(
        name="active",
        clean=cleaning.json_boolean,
        titles=("Active",),
        shape="boolean",
        clean_cell=spellings.boolean,
        choices=spellings.BOOLEANS,
        default=True,
        filters={"active": ACTIVE},
        synonyms=(
            "enabled", "is active", "valid", "is valid", "aktiv", "aktywny", "actif", "activo", "activated",
            "usable",
        ),
    ),
    Field(
        name="start_date",
        clean=cleaning.timestamp,
        titles=("Start Date",),
        shape="date",
        clean_cell=spellings.timestamp,
        show=wire_time,
        filters={"start_date": timestamp()},
        synonyms=(
            "valid from", "starts", "starts at", "starts on", "starts at utc", "begin", "begin date",
            "active from", "issue date", "issued", "gültig ab", "gueltig ab", "gültig von", "startdatum",
            "beginn", "ab", "ważny od", "data rozpoczęcia", "début", "date de début", "valable du", "valide du",
            "fecha de inicio", "inicio", "válido desde",
        ),
    ),
    Field(
        name="expiration_date",
        clean=cleaning.timestamp,
        titles=("Expiration Date",),
        shape="date",
        clean_cell=spellings.timestamp,
        last_day=(cleaning.last_timestamp, spellings.last_timestamp),
        show=wire_time,
        filters={"expiration_date": timestamp()},
        synonyms=(
            "valid until", "valid to", "valid till", "valid through", "expires", "expires at", "expires on",
            "expiry", "expiry date", "redeem by", "use by", "expiration time", "expires at utc", "expiration",
            "expire date", "end", "end date", "ends", "ends at", "active until", "best before", "gültig bis",
            "gueltig bis", "ablaufdatum", "ablauf", "enddatum", "bis", "läuft ab", "ważny do", "data ważności",
            "data zakończenia", "date d'expiration", "expire le", "valable jusqu'au", "date de fin",
            "fecha de caducidad", "caducidad", "vencimiento", "fecha de vencimiento", "válido hasta", "fin",
        ),
    ),
    Field(
        name="extras",
        in_json=False,
        grows=True,
        filters={
            "validity_timeframe": present(_sql.validity_timeframe),
            "validity_day_of_week": days_of_week(_sql.days_of_week),
        },
    ),
    Field(
        name="quantity",
        clean=cleaning.integer,
        inside="redemption",
        titles=("Redemption Limit",),
        shape="number",
        clean_cell=numerals.integer,
        column="redemption_quantity",
        filters={"redemption_quantity": number(), "redemption.quantity": number("redemption_quantity")},
        synonyms=(
            "limit", "usage limit per code", "usage limit per coupon", "max usage", "max uses", "maximum uses",
            "max redemptions", "uses", "usage limit", "redemptions", "quantity", "number of uses",
            "redemption quantity", "einlöselimit", "einlösungen", "anzahl", "nutzungen", "limit użyć",
            "liczba użyć", "nombre d'utilisations", "utilisations", "límite de usos", "usos",
        ),
    ),
    Field(
        name="redeemed_quantity",
        inside="redemption",
        in_json=False,
        titles=("Redeemed Quantity",),
        shape="number",
        clean_cell=numerals.integer,
        default=0,
        filters={
            "redemption_count": number("redeemed_quantity"),
            "redemption.redeemed_quantity": number("redeemed_quantity"),
        },
        synonyms=(
            "redeemed", "used", "times used", "times redeemed", "redemption count", "uses so far",
            "usage count", "used count", "times used in total", "number of redemptions", "eingelöst",
            "verwendet", "wykorzystano", "utilisé", "usado", "canjeado",
        ),
    ),
    Field(
        name="redeemed_amount",
        inside="redemption",
        in_json=False,
        titles=("Redeemed Amount",),
        shape="number",
        clean_cell=numerals.cents,
        filters={"redemption.redeemed_amount": number("redeemed_amount")},
        synonyms=(
            "amount redeemed", "spent", "amount used", "used amount", "eingelöster betrag", "verbraucht",
            "wydano", "montant utilisé", "importe usado",
        ),
    ),
    Field(
        name="additional_info",
        clean=cleaning.text,
        titles=("Additional Info",),
        clean_cell=cleaning.text,
        filters={"additional_info": text()},
        synonyms=(
            "info", "additional information", "note", "notes", "comment", "comments", "remark", "remarks",
            "description", "notiz", "bemerkung", "kommentar", "beschreibung", "zusatzinfo", "uwagi", "opis",
            "notatka", "remarque", "commentaire", "nota", "comentario", "observaciones",
        ),
    ),
    Field(
        name="metadata",
        composed=True,
        default={},
        grows=True,
    ),
    Field(
        name="campaign_id",
        in_json=False,
        stays=True,
        filters={
            "campaign": Filter(_BY_CAMPAIGN, _sql.campaign),
            "campaign_id": text(),
            "campaign_ids": text("campaign_id"),
        },
    ),
)  # fmt: skip

# The fields at the top of JSON rows, and those of the objects in them, by the objects' names.
IN_JSON = tuple(field for field in FIELDS if field.is_standalone and field.inside is None)
INSIDE_JSON = {
    holder: tuple(field for field in FIELDS if field.is_standalone and field.inside == holder)
    for holder in [field.inside for field in FIELDS if field.is_standalone and field.inside is not None]
}
IN_FILES = tuple(field for field in FIELDS if field.titles)
BY_TITLE = {normal_title(title): field for field in IN_FILES for title in field.titles}
BY_NAME = {field.column_name: field for field in FIELDS}
# The fields of drafts beside code and type, in the order of COPY's lines.
DRAFTED = tuple(field for field in FIELDS if field.stored and field.name not in ("code", "type"))
