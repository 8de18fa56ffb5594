"""Categories, and what vouchers and campaigns show of them when they are made, renamed and deleted."""

import re
from typing import Any

from tests.http.test_errors import check
from tests.server import Api

GIFT = {"type": "GIFT_VOUCHER", "gift": {"amount": 500}}
NOTHING = (None, None, [])


def make(api: Api, name: str, **fields: Any) -> dict[str, Any]:
    answer = api.http.post("/v1/categories", json={"name": name, **fields})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def rename(api: Api, category: dict[str, Any], name: str) -> dict[str, Any]:
    answer = api.http.put(f"/v1/categories/{category['id']}", json={"name": name})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def of(resource: dict[str, Any]) -> tuple[Any, Any, Any]:
    return resource["category"], resource["category_id"], resource["categories"]


def category_of(api: Api, code: str) -> tuple[Any, Any, Any]:
    return of(api.get(f"/v1/vouchers/{code}"))


def shown_as(category: dict[str, Any]) -> tuple[Any, Any, Any]:
    return category["name"], category["id"], [category]


def import_by_name(api: Api, **categories: str) -> None:
    lines = [f"{code},GIFT_VOUCHER,1,{name}\n" for code, name in categories.items()]
    ended = api.ended(api.import_csv("Code,Voucher Type,Value,Category\n" + "".join(lines)))
    assert ended["done_count"] == len(categories)


def codes_in(api: Api, category: str) -> list[str]:
    page = api.get("/v1/vouchers", category=category, order="code")
    assert page["total"] == len(page["vouchers"])
    return [voucher["code"] for voucher in page["vouchers"]]


def test_a_category_is_made_changed_and_deleted(api: Api, other_api: Api) -> None:
    first = make(api, "First", hierarchy=1)
    assert re.fullmatch(r"cat_[0-9a-f]{18}", first["id"])
    assert first == {
        "id": first["id"], "name": "First", "hierarchy": 1, "created_at": first["created_at"], "object": "category",
    }  # fmt: skip
    second = make(api, "Second")
    assert second["hierarchy"] == 0
    assert api.get("/v1/categories") == {"object": "list", "data_ref": "data", "data": [second, first], "total": 2}
    assert api.get(f"/v1/categories/{first['id']}") == first

    path = f"/v1/categories/{first['id']}"
    moved = api.http.put(path, json={"hierarchy": 7, "name": None}).json()
    assert (moved["name"], moved["hierarchy"], moved["created_at"]) == ("First", 7, first["created_at"])
    assert moved["updated_at"] >= first["created_at"]
    assert api.http.put(path, json={"name": "Best"}).json()["hierarchy"] == 7
    assert other_api.get("/v1/categories")["total"] == 0
    for stranger in (other_api.http.get, other_api.http.delete):
        check(stranger(path), 404, "not_found", f"Cannot find category with id {first['id']}")

    assert api.http.delete(path).status_code == 204
    check(api.http.delete(path), 404, "not_found")
    check(api.http.put(path, json={"name": "X"}), 404, "not_found")
    assert api.get("/v1/categories")["data"] == [second]


def test_what_is_wrong_with_a_category_is_said(api: Api) -> None:
    taken, other = make(api, "Taken"), make(api, "Other")
    for wrong, word in (
        ({}, "name is required"),
        ({"name": ""}, "name: must not be empty"),
        ({"name": 5}, "name: must be a string"),
        ({"name": "a\nb"}, "name: must not contain control characters"),
        ({"name": "x" * 2000}, "name: must be at most"),
        ({"name": "x", "hierarchy": -1}, "hierarchy: must be between 0"),
        ({"name": "x", "hierarchy": 1.5}, "hierarchy: must be a whole number"),
        ({"name": 5, "hierarchy": "1"}, "hierarchy: must be a number"),
    ):
        check(api.http.post("/v1/categories", json=wrong), 400, "invalid_payload", word)
    check(api.http.post("/v1/categories", json={"name": "Taken"}), 409, "duplicate_found", "Taken")
    check(api.http.put(f"/v1/categories/{other['id']}", json={"name": "Taken"}), 409, "duplicate_found", "Taken")
    assert api.get("/v1/categories")["data"] == [other, taken]
    assert category_of_new(api, "A", {"category": "Other"}) == shown_as(other)


def category_of_new(api: Api, code: str, fields: dict[str, Any]) -> tuple[Any, Any, Any]:
    answer = api.http.post(f"/v1/vouchers/{code}", json=GIFT | fields)
    assert answer.status_code == 200, answer.text
    return of(answer.json())


def test_a_single_voucher_by_name_and_by_id(api: Api, other_api: Api) -> None:
    summer, foreign = make(api, "Summer"), make(other_api, "Foreign")
    assert category_of_new(api, "A", {"category": "Summer"}) == shown_as(summer)
    assert category_of_new(api, "B", {"category_id": summer["id"]}) == shown_as(summer)
    assert category_of_new(api, "C", {"category": "Free"}) == ("Free", None, [])
    assert category_of_new(api, "D", {"category": None}) == NOTHING
    for unknown in ("cat_0", foreign["id"]):
        answer = api.http.post("/v1/vouchers/X", json=GIFT | {"category_id": unknown})
        check(answer, 400, "invalid_voucher", "category_id: no category of this project has this id", unknown)
    both = {"category": "Free", "category_id": summer["id"]}
    check(api.http.post("/v1/vouchers/X", json=GIFT | both), 400, "invalid_voucher", "give only one")

    def put(code: str, /, **change: Any) -> tuple[Any, Any, Any]:
        answer = api.http.put(f"/v1/vouchers/{code}", json=change)
        assert answer.status_code == 200, answer.text
        return of(answer.json())

    assert put("C", category_id=summer["id"]) == shown_as(summer)
    assert put("C", active=False) == shown_as(summer)
    assert put("C", **api.get("/v1/vouchers/C")) == shown_as(summer)
    assert put("C", category="Free", category_id=None) == ("Free", None, [])
    assert put("C", category=None, category_id=summer["id"]) == shown_as(summer)
    assert put("C", category_id=None) == NOTHING
    assert put("B", category=None) == NOTHING
    check(api.http.put("/v1/vouchers/A", json={"category_id": "cat_0"}), 400, "invalid_voucher", "category_id")


def test_imports_by_name_and_by_id(api: Api) -> None:
    summer = make(api, "Summer")
    rows = [
        GIFT | {"code": "A", "category_id": summer["id"]},
        GIFT | {"code": "B", "category": "Summer"},
        GIFT | {"code": "C", "category_id": "cat_0"},
        GIFT | {"code": "D", "category": "Winter"},
    ]
    ended = api.ended(api.import_json(rows))
    reason = "category_id: no category of this project has this id (actual value is 'cat_0')"
    assert ended["result"]["failed"] == [{"code": "C", "reason": reason}]
    import_by_name(api, E="Summer", F="Winter", D="Summer")
    assert {category_of(api, code)[1] for code in "ABDE"} == {summer["id"]}
    assert category_of(api, "F") == ("Winter", None, [])
    page = api.get("/v1/vouchers", order="code")
    assert [of(voucher) for voucher in page["vouchers"]] == [*[shown_as(summer)] * 4, ("Winter", None, [])]
    assert codes_in(api, "Summer") == codes_in(api, summer["id"]) == ["A", "B", "D", "E"]


def test_vouchers_that_carry_the_name_are_in_a_new_category(api: Api) -> None:
    import_by_name(api, A="Summer", B="Winter")
    summer = make(api, "Summer")
    assert category_of(api, "A") == shown_as(summer)
    assert codes_in(api, "Summer") == ["A"]
    renamed = rename(api, summer, "Winter")  # and in a renamed one
    assert category_of(api, "A") == category_of(api, "B") == shown_as(renamed)
    assert codes_in(api, "Winter") == ["A", "B"]
    assert codes_in(api, "Summer") == []


def test_a_renamed_category_keeps_its_vouchers_and_frees_its_name(api: Api) -> None:
    category = make(api, "Old")
    import_by_name(api, A="Old")
    category = rename(api, category, "New")
    assert category_of(api, "A") == shown_as(category)
    import_by_name(api, B="Old", C="New")  # the old name is nobody's now
    assert category_of_new(api, "D", {"category_id": category["id"]}) == shown_as(category)
    assert category_of(api, "B") == ("Old", None, [])
    assert category_of(api, "C") == shown_as(category)
    assert (codes_in(api, "Old"), codes_in(api, "New")) == (["B"], ["A", "C", "D"])

    other = make(api, "Old")
    assert category_of(api, "B") == shown_as(other)
    other = rename(api, other, "Older")
    category = rename(api, category, "Old")  # back again
    import_by_name(api, E="Old", F="Older", G="New")
    assert [category_of(api, code)[0] for code in "ABCDEFG"] == ["Old", "Older", "Old", "Old", "Old", "Older", "New"]
    assert codes_in(api, category["id"]) == ["A", "C", "D", "E"]
    assert codes_in(api, "New") == ["G"]
    assert api.get("/v1/vouchers")["total"] == 7


def test_a_category_in_use_is_deleted_only_with_force(api: Api) -> None:
    category = make(api, "Old")
    path = f"/v1/categories/{category['id']}"
    import_by_name(api, A="Old", B="Old", C="Free")
    rename(api, category, "Sale")
    campaign = {"name": "Fall", "voucher": GIFT, "category": "Sale"}
    assert api.http.post("/v1/campaigns", json=campaign).status_code == 200
    refused = check(api.http.delete(path), 409, "resource_in_use", "in use by 2 vouchers and 1 campaign", "force=true")
    assert (refused["resource_id"], refused["resource_type"]) == (category["id"], "category")
    assert category_of(api, "A")[1] == category["id"]

    assert api.http.delete(path, params={"force": True}).status_code == 204
    assert category_of(api, "A") == category_of(api, "B") == of(api.get("/v1/campaigns/Fall")) == NOTHING
    assert category_of(api, "C") == ("Free", None, [])
    assert (codes_in(api, "Sale"), codes_in(api, "Old")) == ([], [])
    import_by_name(api, D="Sale", E="Old")
    assert [category_of(api, code)[0] for code in "ADE"] == [None, "Sale", "Old"]
    again = make(api, "Sale")
    assert category_of(api, "D") == shown_as(again)
    assert category_of(api, "A") == NOTHING


def filter_name(field: str, condition: str) -> str:
    return f"filters[{field}][conditions][{condition}]"


def vouchers_where(api: Api, field: str, condition: str, value: str | list[str] = "") -> str:
    page = api.get("/v1/vouchers", order="code", **{filter_name(field, condition): value})
    assert page["total"] == len(page["vouchers"])
    return "".join(voucher["code"] for voucher in page["vouchers"])


def campaigns_where(api: Api, field: str, condition: str, value: str | list[str] = "") -> list[str]:
    page = api.get("/v1/campaigns", order="created_at", **{filter_name(field, condition): value})
    assert page["total"] == len(page["campaigns"])
    return [campaign["name"] for campaign in page["campaigns"]]


def in_summer_and_others(api: Api) -> dict[str, Any]:
    """A renamed category, with the vouchers A and B and the campaign Fall; C has its old name, D a free one, E none."""
    category = make(api, "Summer")
    import_by_name(api, A="Summer")
    category = rename(api, category, "Hot")
    import_by_name(api, B="Hot", C="Summer", D="Free", E="")
    for name, fields in (("Fall", {"category_id": category["id"]}), ("Rain", {"category": "Summer"}), ("Snow", {})):
        answer = api.http.post("/v1/campaigns", json={"name": name, "voucher": GIFT, **fields})
        assert answer.status_code == 200, answer.text
    return category


def test_lists_are_filtered_by_the_names_and_ids_that_are_shown(api: Api, other_api: Api) -> None:
    category = in_summer_and_others(api)
    for condition, value, codes in (
        ("$is", "Hot", "AB"), ("$is", category["id"], "AB"), ("$is", "Summer", "C"), ("$is", "Free", "D"),
        ("$is", "hot", ""), ("$is_not", "Hot", "CDE"), ("$is_not", category["id"], "CDE"), ("$is_not", "Free", "ABCE"),
        ("$in", ["Hot", "Free"], "ABD"), ("$in", ["Summer", category["id"]], "ABC"), ("$in", ["Cold"], ""),
        ("$not_in", ["Summer", "Free"], "ABE"), ("$not_in", [category["id"]], "CDE"), ("$starts_with", "H", "AB"),
        ("$ends_with", "er", "C"), ("$contains", "e", "CD"), ("$not_contain", "e", "ABE"), ("$has_value", "", "ABCD"),
        ("$is_unknown", "", "E"),
    ):  # fmt: skip
        assert vouchers_where(api, "category", condition, value) == codes, (condition, value)
    for condition, value, codes in (
        ("$is", category["id"], "AB"), ("$is", "Hot", ""), ("$is_not", category["id"], "CDE"), ("$has_value", "", "AB"),
        ("$in", [category["id"], "cat_0"], "AB"), ("$starts_with", "cat_", "AB"), ("$is_unknown", "", "CDE"),
    ):  # fmt: skip
        assert vouchers_where(api, "category_id", condition, value) == codes, (condition, value)
    assert campaigns_where(api, "categories", "$is", "Hot") == ["Fall"]
    assert campaigns_where(api, "categories", "$in", ["Hot", "Summer"]) == ["Fall", "Rain"]
    assert campaigns_where(api, "categories", "$is_not", "Hot") == ["Rain", "Snow"]
    assert campaigns_where(api, "categories", "$contains", "m") == ["Rain"]
    assert campaigns_where(api, "category_ids", "$in", [category["id"]]) == ["Fall"]
    assert campaigns_where(api, "category_ids", "$is_unknown") == ["Rain", "Snow"]

    import_by_name(other_api, Z="Hot")  # another project's categories stand for nothing here
    assert vouchers_where(other_api, "category", "$is", "Hot") == "Z"
    assert vouchers_where(other_api, "category", "$is", category["id"]) == ""
    assert vouchers_where(other_api, "category_id", "$has_value") == ""


def test_lists_are_filtered_after_a_category_is_deleted_by_force(api: Api) -> None:
    category = in_summer_and_others(api)
    assert api.http.delete(f"/v1/categories/{category['id']}", params={"force": True}).status_code == 204
    for value in ("Hot", category["id"]):
        assert codes_in(api, value) == []
        assert (
            vouchers_where(api, "category", "$is", value) == vouchers_where(api, "category", "$contains", value) == ""
        )
        assert vouchers_where(api, "category", "$is_not", value) == "ABCDE"
        assert campaigns_where(api, "categories", "$is", value) == []
    assert vouchers_where(api, "category", "$is_unknown") == "ABE"
    assert vouchers_where(api, "category", "$has_value") == "CD"
    assert vouchers_where(api, "category_id", "$has_value") == ""
    assert campaigns_where(api, "categories", "$is_unknown") == ["Fall", "Snow"]
    assert campaigns_where(api, "category_ids", "$has_value") == []
    import_by_name(api, F="Hot")
    again = make(api, "Hot")
    assert (
        vouchers_where(api, "category", "$is", "Hot") == vouchers_where(api, "category_id", "$is", again["id"]) == "F"
    )


def test_a_category_not_in_use_leaves_nothing_behind(api: Api) -> None:
    for _ in range(2):
        category = make(api, "Once")
        assert api.http.delete(f"/v1/categories/{category['id']}").status_code == 204
    import_by_name(api, A="Once")
    assert category_of(api, "A") == ("Once", None, [])


def test_campaigns_by_name_and_by_id(api: Api) -> None:
    summer = make(api, "Summer")
    base = {"name": "Fall", "voucher": GIFT}
    created = api.http.post("/v1/campaigns", json=base | {"category_id": summer["id"]}).json()
    assert of(created) == shown_as(summer)
    key = "invalid_campaign_params"
    check(api.http.post("/v1/campaigns", json=base | {"name": "X", "category_id": "cat_0"}), 400, key, "category_id")
    renamed = rename(api, summer, "Hot")
    assert [of(campaign) for campaign in api.get("/v1/campaigns")["campaigns"]] == [shown_as(renamed)]
    path = "/v1/campaigns/Fall"
    assert of(api.http.put(path, json={"description": "D"}).json()) == shown_as(renamed)
    assert of(api.http.put(path, json={"category": "Free"}).json()) == ("Free", None, [])
    assert of(api.http.put(path, json={"category_id": summer["id"]}).json()) == shown_as(renamed)
    check(api.http.put(path, json={"category_id": "cat_0"}), 400, key, "category_id")
    assert of(api.http.put(path, json={"category": None}).json()) == NOTHING


def test_vouchers_of_campaigns_by_name_and_by_id(api: Api) -> None:
    summer = make(api, "Summer")
    by_id = {"category_id": summer["id"]}
    assert api.http.post("/v1/campaigns", json={"name": "Fall", "voucher": GIFT}).status_code == 200
    path = "/v1/campaigns/Fall"
    assert of(api.http.post(f"{path}/vouchers/A", json=by_id).json()) == shown_as(summer)
    check(api.http.post(f"{path}/vouchers", json={"category_id": "cat_0"}), 400, "invalid_voucher", "category_id")
    many = {"vouchers_count": 3}
    refused = api.http.post(f"{path}/vouchers", params=many, json={"category_id": "cat_0"})
    check(refused, 400, "invalid_voucher", "category_id")
    generated = api.http.post(f"{path}/vouchers", params=many, json=by_id)
    assert api.ended(generated.json()["async_action_id"])["done_count"] == 3
    assert len(codes_in(api, "Summer")) == 4

    rows = [{"code": "B", **by_id}, {"code": "C", "category_id": "cat_0"}, {"code": "A", "category": "Free"}]
    ended = api.ended(api.http.post(f"{path}/import", json=rows).json()["async_action_id"])
    assert [failure["code"] for failure in ended["result"]["failed"]] == ["C"]
    assert category_of(api, "A") == ("Free", None, [])
    summer = rename(api, summer, "Hot")
    file = {"file": ("codes.csv", "Code,Category\nA,Hot\nB,Summer\nD,Hot\n")}
    ended = api.ended(api.http.post(f"{path}/importCSV", files=file).json()["async_action_id"])
    assert ended["done_count"] == 3
    assert category_of(api, "A") == category_of(api, "D") == shown_as(summer)
    assert category_of(api, "B") == ("Summer", None, [])
