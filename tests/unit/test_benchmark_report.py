"""The page of benchmarks: rows that are measured again replace their own, and all others stay with their day."""

import json
from pathlib import Path

import pytest
from benchmarks.report import Figures, Measure, Outcome, Report, at_least, up_to


def _measure(name: str, family: str = "", limit: float = 1.5) -> Measure:
    return Measure(name, f"what {name} is", "a floor", up_to(limit), lambda _: Figures(1.0), family=family)


MEASURES = (_measure("csv-own", "csv"), _measure("csv-wide", "csv"), _measure("get"))


def _report(directory: Path, *, keeps: bool = True, measures: tuple[Measure, ...] = MEASURES) -> Report:
    return Report(measures, size="full size", keeps=keeps, directory=directory)


def _rows(directory: Path) -> dict[str, tuple[float, str]]:
    rows = json.loads((directory / "results.json").read_text())["results"]
    return {row["name"]: (row["ours"], row["verdict"]) for row in rows}


def test_rows_that_are_measured_again_replace_their_own_and_the_others_stay(tmp_path: Path) -> None:
    first = _report(tmp_path)
    first.add(
        [Outcome(MEASURES[0], Figures(2.0, 1.0)), Outcome(MEASURES[1], Figures(1.0, 1.0, rows=7, note="a | note"))]
    )
    first.add([Outcome(MEASURES[2], None, "not measured: no server")])
    _report(tmp_path).add([Outcome(MEASURES[0], Figures(1.2, 1.0))])
    assert _rows(tmp_path) == {
        "csv-own": (1.2, "met"),
        "csv-wide": (1.0, "met"),
        "get": (None, "not measured: no server"),
    }
    page = (tmp_path / "RESULTS.md").read_text()
    assert page.count("what csv-own is") == 1
    assert "a floor; a / note" in page


def test_the_worst_row_of_a_family_is_first_whichever_run_measured_it(tmp_path: Path) -> None:
    _report(tmp_path).add([Outcome(MEASURES[1], Figures(1.4, 1.0))])
    _report(tmp_path).add([Outcome(MEASURES[0], Figures(1.2, 1.0))])
    assert list(_rows(tmp_path)) == ["csv-wide", "csv-own"]
    _report(tmp_path).add([Outcome(MEASURES[2], Figures(9.0, 1.0)), Outcome(MEASURES[0], Figures(1.5, 1.0))])
    assert list(_rows(tmp_path)) == ["csv-own", "csv-wide", "get"]


def test_what_was_measured_is_held_to_the_limit_that_there_is_now(tmp_path: Path) -> None:
    _report(tmp_path).add(
        [Outcome(MEASURES[0], Figures(1.4, 1.0)), Outcome(MEASURES[2], Figures(1.0, 1.0, fits=False))]
    )
    stricter = (_measure("csv-own", "csv", limit=1.3), MEASURES[2])
    _report(tmp_path, measures=stricter).add([])
    assert _rows(tmp_path) == {"csv-own": (1.4, "missed"), "get": (1.0, "missed")}


def test_a_measure_that_is_gone_is_gone_from_the_page(tmp_path: Path) -> None:
    _report(tmp_path).add([Outcome(measure, Figures(1.0, 1.0)) for measure in MEASURES])
    _report(tmp_path, measures=MEASURES[:1]).add([])
    assert list(_rows(tmp_path)) == ["csv-own"]


def test_a_run_that_fails_leaves_what_was_measured_before(tmp_path: Path) -> None:
    _report(tmp_path).add([Outcome(MEASURES[0], Figures(1.0, 1.0))])
    _report(tmp_path).add([Outcome(MEASURES[0], None, "failed: gone"), Outcome(MEASURES[2], None, "failed: gone")])
    assert _rows(tmp_path) == {"csv-own": (1.0, "met"), "get": (None, "failed: gone")}


def test_quick_runs_leave_the_page_alone(tmp_path: Path) -> None:
    _report(tmp_path).add([Outcome(MEASURES[0], Figures(1.0, 1.0))])
    _report(tmp_path, keeps=False).add([Outcome(MEASURES[0], Figures(5.0, 1.0))])
    assert _rows(tmp_path)["csv-own"][0] == 1.0
    assert list(_rows(tmp_path / "out")) == ["csv-own"]


@pytest.mark.parametrize(("ours", "badness"), [(2.0, 0.25), (0.25, 2.0)])
def test_a_rate_is_the_worse_the_lower_it_is(ours: float, badness: float) -> None:
    measure = Measure("get", "GET", "a bare handler", at_least(0.5), lambda _: Figures(1.0))
    assert Outcome(measure, Figures(ours, 1.0)).badness == badness
