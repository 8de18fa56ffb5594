"""Exports of other systems, by their own headers and with rows as they write them: what each is, and its mapping."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Export:
    """The beginning of a file, the kind of its rows, and what its columns are taken for beside our own titles."""

    row_type: str
    text: str
    mapping: dict[str, str]
    titles: set[str] = field(default_factory=set)


EXPORTS: dict[str, Export] = {
    "Shopify customers": Export(
        "customers",
        "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address Company,Default Address Address1,"
        "Default Address Address2,Default Address City,Default Address Province Code,Default Address Country Code,"
        "Default Address Zip,Default Address Phone,Phone,Accepts SMS Marketing,Total Spent,Total Orders,Note,Tax Exempt,"
        "Tags\n"
        "'7210448301122,Ada,Lark,ada@example.test,yes,,1 Main Street,,Lisbon,,PT,'1100-148,,'+351910000101,no,120.50,3,,"
        "no,vip\n"
        "'7210448301123,Bo,Finch,bo@example.test,no,,2 Main Street,Floor 2,Porto,,PT,'4000-007,,'+351910000102,no,0.00,0,"
        "asked for a call,no,\n"
        "'7210448301124,Cy,Wren,cy@example.test,yes,,3 Main Street,,Faro,,PT,'8000-078,,,no,12.00,1,,no,\n",
        {
            "Customer ID": "Source_id", "Default Address Address1": "Address_line_1",
            "Default Address Address2": "Address_line_2", "Default Address City": "City",
            "Default Address Province Code": "State", "Default Address Country Code": "Country",
            "Default Address Zip": "Postal_Code", "Note": "Description",
        },
        {"Email", "Phone"},
    ),
    "Shopify products": Export(
        "products",
        "Handle,Title,Body (HTML),Vendor,Product Category,Type,Tags,Published,Option1 Name,Option1 Value,Variant SKU,"
        "Variant Grams,Variant Inventory Qty,Variant Price,Variant Compare At Price,Variant Taxable,Image Src,"
        "Image Position,Gift Card,SEO Title,Status\n"
        "linen-shirt,Linen shirt,<p>Light</p>,Atelier,Apparel,Shirt,summer,true,Size,M,LS-M,200,5,49.00,,true,"
        "https://cdn.example.test/ls.jpg,1,false,,active\n"
        "wool-cap,Wool cap,<p>Warm</p>,Atelier,Apparel,Cap,winter,true,Title,Default Title,WC-1,90,8,19.00,25.00,true,"
        "https://cdn.example.test/wc.jpg,1,false,,active\n"
        "tote,Tote,<p>Roomy</p>,Atelier,Bags,Bag,,true,Title,Default Title,T-1,150,2,29.00,,true,"
        "https://cdn.example.test/t.jpg,1,false,,draft\n",
        {"Handle": "source_id", "Title": "name", "Variant Price": "price", "Image Src": "image_url"},
    ),
    "Shopify discount codes": Export(
        "vouchers",
        "Code,Value,Value Type,Start,End,Usage Limit,Times Used,Status\n"
        "WELCOME10,10,percentage,2026-01-01 00:00:00 UTC,2026-12-31 23:59:59 UTC,100,4,active\n"
        "SPRING5,5,fixed_amount,2026-03-01 00:00:00 UTC,2026-05-31 23:59:59 UTC,50,0,active\n"
        "VIP20,20,percentage,2026-01-01 00:00:00 UTC,,1,1,expired\n",
        {
            "Value Type": "Discount Type", "Start": "Start Date", "End": "Expiration Date",
            "Usage Limit": "Redemption Limit", "Times Used": "Redeemed Quantity",
        },
        {"Code", "Value"},
    ),
    "WooCommerce products": Export(
        "products",
        'ID,Type,SKU,"GTIN, UPC, EAN, or ISBN",Name,Published,"Is featured?","Visibility in catalog","Short description",'
        'Description,"Tax status","In stock?",Stock,"Weight (kg)","Sale price","Regular price",Categories,Tags,Images,'
        "Parent,Position\n"
        "44,simple,case-hoodie,,Hoodie,1,0,visible,,A hoodie,taxable,1,12,0.5,,45,Clothing > Hoodies,,"
        "https://shop.example.test/h.jpg,,0\n"
        "45,simple,case-cap,,Cap,1,0,visible,,A cap,taxable,1,3,0.1,16,18,Clothing > Caps,,"
        "https://shop.example.test/c.jpg,,0\n"
        "46,variable,case-tee,,Tee,1,1,visible,,A tee in three colours,taxable,1,,0.2,,22,Clothing,,"
        "https://shop.example.test/t.jpg,,0\n",
        {"ID": "source_id", "Regular price": "price", "Images": "image_url"},
        {"Name"},
    ),
    "WooCommerce products, some columns": Export(
        "products",
        "Type,SKU,Name,Published,Description,Regular price\n"
        "simple,hoodie-1,Hoodie,1,A hoodie,45\nsimple,cap-1,Cap,1,A cap,18\nsimple,tee-1,Tee,1,A tee,22\n",
        {"SKU": "source_id", "Regular price": "price"},
        {"Name"},
    ),
    "WooCommerce customers": Export(
        "customers",
        'Name,Username,"Last Active","Sign Up",Email,Orders,"Total Spend",AOV,"Country / Region",City,Region,"Postal Code"\n'
        "Ada Lark,ada,2026-09-01,2025-01-02,ada@example.test,3,120.5,40.17,PT,Lisbon,Lisboa,1100-148\n"
        "Bo Finch,bo,2026-08-11,2025-02-03,bo@example.test,1,20,20,PT,Porto,Porto,4000-007\n"
        "Cy Wren,cy,,2025-03-04,cy@example.test,0,0,0,PT,Faro,Faro,8000-078\n",
        {"Country / Region": "Country", "Region": "State"},
        {"Name", "Email", "City", "Postal Code"},
    ),
    "WooCommerce orders": Export(
        "customers",
        "billing_first_name,billing_last_name,billing_email,billing_phone,billing_address_1,billing_address_2,"
        "billing_postcode,billing_city,billing_state,billing_country\n"
        "Ada,Lark,ada@example.test,+351910000101,1 Main Street,,1100-148,Lisbon,,PT\n"
        "Bo,Finch,bo@example.test,+351910000102,2 Main Street,Floor 2,4000-007,Porto,,PT\n"
        "Cy,Wren,cy@example.test,+351910000103,3 Main Street,,8000-078,Faro,,PT\n",
        {
            "billing_email": "Email", "billing_phone": "Phone", "billing_address_1": "Address_line_1",
            "billing_address_2": "Address_line_2", "billing_postcode": "Postal_Code", "billing_city": "City",
            "billing_state": "State", "billing_country": "Country",
        },
    ),
    "WooCommerce coupons": Export(
        "vouchers",
        "coupon_code,discount_type,coupon_amount,expiry_date,usage_limit,usage_count,description\n"
        "welcome10,percent,10,2026-12-31,100,4,first order\nspring5,fixed_cart,5,2026-05-31,50,0,\n"
        "vip20,percent,20,,1,1,regulars\n",
        {
            "coupon_code": "Code", "coupon_amount": "Value", "expiry_date": "Expiration Date",
            "usage_limit": "Redemption Limit", "usage_count": "Redeemed Quantity", "description": "Additional Info",
        },
        {"discount_type"},
    ),
    "Stripe customers": Export(
        "customers",
        "id,Description,Email,Name,Created (UTC),Delinquent,Card ID,Card Last4,Card Brand,Total Spend,Payment Count,"
        "Refunded Volume,Dispute Losses\n"
        "cus_Pq1aB2c3,,ada@example.test,Ada Lark,2025-01-02 10:11,false,card_1,4242,Visa,120.50,3,0.00,0.00\n"
        "cus_Pq1aB2c4,,bo@example.test,Bo Finch,2025-02-03 10:11,false,card_2,4444,Mastercard,20.00,1,0.00,0.00\n"
        "cus_Pq1aB2c5,,cy@example.test,Cy Wren,2025-03-04 10:11,false,,,,0.00,0,0.00,0.00\n",
        {"id": "Source_id"},
        {"Description", "Email", "Name"},
    ),
    "Stripe coupons": Export(
        "vouchers",
        "id,Amount Off,Created (UTC),Currency,Duration,Duration in Months,Max Redemptions,Name,Percent Off,Redeem By,"
        "Times Redeemed,Valid\n"
        "Xy12AbCd,,2025-01-02 10:11,,once,,100,Welcome,10,2026-12-31 23:59,4,true\n"
        "Xy12AbCe,,2025-02-03 10:11,,forever,,,Regulars,20,,1,true\n"
        "Xy12AbCf,,2025-03-04 10:11,,once,,50,Spring,15,2026-05-31 23:59,0,false\n",
        {
            "id": "Code", "Max Redemptions": "Redemption Limit", "Percent Off": "Value", "Redeem By": "Expiration Date",
            "Times Redeemed": "Redeemed Quantity", "Valid": "Active",
        },
    ),
    "Square customers": Export(
        "customers",
        "Reference ID,First Name,Last Name,Email Address,Phone Number,Nickname,Company Name,Street Address 1,"
        "Street Address 2,City,State,Postal Code,Birthday,Memo,Square Customer ID,Creation Source,First Visit,Last Visit,"
        "Transaction Count,Lifetime Spend,Email Subscription Status,Instant Profile\n"
        ",Ada,Lark,ada@example.test,'+1 415-555-0101,,,1 Main Street,,Springfield,IL,62701,1990-04-05,,7GT01A,Directory,"
        "2025-01-02,2026-01-02,3,$120.50,subscribed,No\n"
        ",Bo,Finch,bo@example.test,'+1 415-555-0102,,,2 Main Street,Floor 2,Springfield,IL,62702,,,7GT01B,Directory,"
        "2025-02-03,2026-02-03,1,$20.00,unsubscribed,No\n"
        ",Cy,Wren,cy@example.test,'+1 415-555-0103,,,3 Main Street,,Springfield,IL,62703,,likes tea,7GT01C,Import,,,0,"
        "$0.00,subscribed,No\n",
        {
            "Email Address": "Email", "Phone Number": "Phone", "Street Address 1": "Address_line_1",
            "Street Address 2": "Address_line_2", "Memo": "Description", "Square Customer ID": "Source_id",
        },
        {"City", "State", "Postal Code", "Birthday"},
    ),
    "Square items": Export(
        "products",
        "Token,Item Name,Customer-facing Name,Variation Name,SKU,Description,Category,GTIN,Price,Online Sale Price,"
        "Archived,Sellable,Stockable,Current Quantity\n"
        "TK1,Espresso,,Regular,ESP-1,Short and strong,Coffee,,2.40,,N,Y,N,\n"
        "TK2,Cappuccino,,Regular,CAP-1,With milk,Coffee,,3.20,,N,Y,N,\n"
        "TK3,Beans,,1 kg,BEA-1,House blend,Shelf,,18.00,,N,Y,Y,12\n",
        {"Item Name": "name", "SKU": "source_id"},
        {"Price"},
    ),
    "Magento customers": Export(
        "customers",
        "ID,Name,Email,Group,Phone,ZIP,Country,State/Province,Customer Since,Web Site,Confirmed email,Account Created in,"
        "Date of Birth,Tax VAT Number,Gender,Street Address,City,Fax,Company,Account Lock\n"
        '1,Ada Lark,ada@example.test,General,+351910000101,1100-148,Portugal,,"Jan 2, 2025 10:11:12 AM",Main Website,'
        "Confirmation Not Required,Default Store View,,,Female,1 Main Street,Lisbon,,,Unlocked\n"
        '2,Bo Finch,bo@example.test,General,+351910000102,4000-007,Portugal,,"Feb 3, 2025 10:11:12 AM",Main Website,'
        "Confirmation Not Required,Default Store View,,,,2 Main Street,Porto,,,Unlocked\n"
        '3,Cy Wren,cy@example.test,Wholesale,+351910000103,8000-078,Portugal,,"Mar 4, 2025 10:11:12 AM",Main Website,'
        "Confirmation Not Required,Default Store View,,,Male,3 Main Street,Faro,,,Unlocked\n",
        {
            "ID": "Source_id", "ZIP": "Postal_Code", "State/Province": "State", "Date of Birth": "Birthdate",
            "Street Address": "Address_line_1",
        },
        {"Name", "Email", "Phone", "Country", "City"},
    ),
    "Magento products": Export(
        "products",
        "sku,store_view_code,attribute_set_code,product_type,categories,product_websites,name,description,"
        "short_description,weight,product_online,tax_class_name,visibility,price,special_price,url_key,base_image,"
        "small_image,created_at,qty,is_in_stock\n"
        'MB01,,Bag,simple,Default/Gear,base,Duffle,A bag,,1.2,1,Taxable Goods,"Catalog, Search",34.00,,duffle,'
        "/m/b/mb01.jpg,/m/b/mb01s.jpg,2025-01-02 10:11:12,100,1\n"
        'MB02,,Bag,simple,Default/Gear,base,Backpack,A bag,,1.4,1,Taxable Goods,"Catalog, Search",45.00,,backpack,'
        "/m/b/mb02.jpg,/m/b/mb02s.jpg,2025-01-03 10:11:12,80,1\n"
        'MB03,,Bag,simple,Default/Gear,base,Tote,A bag,,0.4,1,Taxable Goods,"Catalog, Search",22.00,18.00,tote,'
        "/m/b/mb03.jpg,/m/b/mb03s.jpg,2025-01-04 10:11:12,0,0\n",
        {"sku": "source_id", "base_image": "image_url"},
        {"name", "price"},
    ),
    "Magento coupons": Export(
        "campaign-vouchers",
        "Coupon Code,Created,Used,Times Used\n"
        "SUN-1A2B,2025-01-02 10:11:12,Yes,1\nSUN-3C4D,2025-01-02 10:11:12,No,0\nSUN-5E6F,2025-01-02 10:11:12,Yes,3\n",
        {"Coupon Code": "Code", "Times Used": "Redeemed Quantity"},
    ),
    "Mailchimp": Export(
        "customers",
        "Email Address,First Name,Last Name,Address,Phone Number,Birthday,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,"
        "CONFIRM_IP,LATITUDE,LONGITUDE,GMTOFF,DSTOFF,TIMEZONE,CC,REGION,LAST_CHANGED,LEID,EUID,NOTES,TAGS\n"
        "ada@example.test,Ada,Lark,1 Main Street Lisbon,+351910000101,,2,,,2025-01-02 10:11:12,198.51.100.1,,,,,,pt,11,"
        "2025-01-02 10:11:12,5001,aa01,,vip\n"
        "bo@example.test,Bo,Finch,2 Main Street Porto,+351910000102,,3,,,2025-02-03 10:11:12,198.51.100.2,,,,,,pt,13,"
        "2025-02-03 10:11:12,5002,aa02,,\n"
        "cy@example.test,Cy,Wren,3 Main Street Faro,+351910000103,,2,,,2025-03-04 10:11:12,198.51.100.3,,,,,,pt,08,"
        "2025-03-04 10:11:12,5003,aa03,likes tea,\n",
        {
            "Email Address": "Email", "Address": "Address_line_1", "Phone Number": "Phone", "REGION": "State",
            "NOTES": "Description",
        },
        {"Birthday"},
    ),
    "Klaviyo": Export(
        "customers",
        "Email,Klaviyo ID,First Name,Last Name,Organization,Title,Phone Number,Address,Address 2,City,State / Region,"
        "Country,Zip Code,Source,Email Marketing Consent,Profile Created On,Last Open\n"
        "ada@example.test,01HA,Ada,Lark,,Chief,+351910000101,1 Main Street,,Lisbon,,Portugal,1100-148,Signup form,"
        "SUBSCRIBED,2025-01-02 10:11:12,2026-01-02 10:11:12\n"
        "bo@example.test,01HB,Bo,Finch,,,+351910000102,2 Main Street,Floor 2,Porto,,Portugal,4000-007,Signup form,"
        "SUBSCRIBED,2025-02-03 10:11:12,\n"
        "cy@example.test,01HC,Cy,Wren,,,+351910000103,3 Main Street,,Faro,,Portugal,8000-078,Signup form,SUBSCRIBED,"
        "2025-03-04 10:11:12,\n",
        {
            "Klaviyo ID": "Source_id", "Phone Number": "Phone", "Address": "Address_line_1",
            "Address 2": "Address_line_2", "State / Region": "State", "Zip Code": "Postal_Code",
        },
        {"Email", "City", "Country"},
    ),
    "HubSpot contacts": Export(
        "customers",
        "Record ID,First Name,Last Name,Email,Phone Number,Contact owner,Primary Company,Lead Status,"
        "Marketing contact status,Create Date,Last Activity Date\n"
        "51,Ada,Lark,ada@example.test,+351910000101,Robin,,New,Marketing contact,2025-01-02 10:11,\n"
        "52,Bo,Finch,bo@example.test,+351910000102,Robin,,Open,Marketing contact,2025-02-03 10:11,2026-02-03 10:11\n"
        "53,Cy,Wren,cy@example.test,+351910000103,,,,Non-marketing contact,2025-03-04 10:11,\n",
        {"Record ID": "Source_id", "Phone Number": "Phone"},
        {"Email"},
    ),
    "BigCommerce customers": Export(
        "customers",
        "Customer ID,First Name,Last Name,Company,Email,Phone,Notes,Store Credit,Customer Group,Date Joined,"
        "Receive Review Emails?,Tax Exempt Category\n"
        "1,Ada,Lark,,ada@example.test,+351910000101,,0.00,Retail,2025-01-02,Y,\n"
        "2,Bo,Finch,,bo@example.test,+351910000102,,5.00,Retail,2025-02-03,Y,\n"
        "3,Cy,Wren,,cy@example.test,+351910000103,likes tea,0.00,,2025-03-04,N,\n",
        {"Customer ID": "Source_id", "Notes": "Description"},
        {"Email", "Phone"},
    ),
    "BigCommerce products": Export(
        "products",
        "Item Type,Product ID,Product Name,Product Type,Product Code/SKU,Brand Name,Product Description,Price,Cost Price,"
        "Retail Price,Sale Price,Product Weight,Product Visible?,Category\n"
        "Product,77,Mug,P,MUG-1,House,A mug,9.50,4.00,11.00,,0.3,Y,Kitchen\n"
        "Product,78,Plate,P,PLA-1,House,A plate,12.00,5.00,14.00,10.00,0.6,Y,Kitchen\n"
        "Product,79,Bowl,P,BOW-1,House,A bowl,11.00,4.50,13.00,,0.5,Y,Kitchen\n",
        {"Product ID": "source_id", "Product Name": "name"},
        {"Price"},
    ),
    "German CRM": Export(
        "customers",
        "Kundennr.;Anrede;Vorname;Nachname;E-Mail-Adresse;Telefon;Straße;PLZ;Ort;Land;Geburtsdatum;Kunde seit;Newsletter\n"
        "10001;Frau;Ada;Lerche;ada@example.test;030 1234567;Hauptstr. 1;01067;Dresden;DE;05.04.1990;02.01.2025;ja\n"
        "10002;Herr;Bo;Fink;bo@example.test;0351/7654321;Hauptstr. 2;10115;Berlin;DE;;03.02.2025;nein\n"
        "10003;;Cy;Zaun;cy@example.test;;Hauptstr. 3;20095;Hamburg;DE;06.05.1985;04.03.2025;ja\n",
        {
            "Kundennr.": "Source_id", "E-Mail-Adresse": "Email", "Telefon": "Phone", "Straße": "Address_line_1",
            "PLZ": "Postal_Code", "Ort": "City", "Land": "Country", "Geburtsdatum": "Birthdate",
        },
    ),
    "German shop's products": Export(
        "products",
        "Artikelnummer;Artikelname;Brutto-VK;Kategorie;GTIN;Hersteller;Bild 1\n"
        "A-100;Tasse;9,50;Küche;4006381333931;Haus;https://shop.example.test/t.jpg\n"
        "A-101;Teller;12,00;Küche;4006381333932;Haus;https://shop.example.test/e.jpg\n"
        "A-102;Schale;11,00;Küche;4006381333933;Haus;https://shop.example.test/s.jpg\n",
        {"Artikelnummer": "source_id", "Artikelname": "name", "Brutto-VK": "price", "Bild 1": "image_url"},
    ),
    "German gift cards": Export(
        "vouchers",
        "Gutscheincode;Gutscheinart;Gutscheinwert;Gültig ab;Gültig bis;Eingelöst;Bemerkung\n"
        "GS-0001;Wertgutschein;25,00;01.01.2026;31.12.2028;0;\nGS-0002;Wertgutschein;50,00;01.01.2026;31.12.2028;1;Messe\n"
        "GS-0003;Wertgutschein;10,00;01.01.2026;31.12.2028;0;\n",
        {
            "Gutscheincode": "Code", "Gutscheinart": "Voucher Type", "Gutscheinwert": "Value",
            "Gültig ab": "Start Date", "Gültig bis": "Expiration Date", "Eingelöst": "Redeemed Quantity",
            "Bemerkung": "Additional Info",
        },
    ),
    "contacts": Export(
        "customers",
        "First Name,Last Name,Email Address,Phone Number,City\n"
        "Ada,Lark,ada@example.test,+15555550100,Springfield\nBo,Finch,bo@example.test,+15555550101,Springfield\n"
        "Cy,Wren,cy@example.test,+15555550102,Shelbyville\n",
        {"Email Address": "Email", "Phone Number": "Phone"},
        {"City"},
    ),
    "profiles with a source": Export(
        "customers",
        "Email,First Name,Phone Number,Source,Email Marketing Consent\n"
        "p1@example.test,P1,+15555550101,Signup form,SUBSCRIBED\np2@example.test,P2,+15555550102,Signup form,SUBSCRIBED\n"
        "p3@example.test,P3,+15555550103,Signup form,SUBSCRIBED\n",
        {"Phone Number": "Phone"},
        {"Email"},
    ),
}  # fmt: skip
