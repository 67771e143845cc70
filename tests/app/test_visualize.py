"""`bot visualize`: the picture of rules and stories."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bot.cli.main import main
from bot.reading.template import write_template

SVG = re.compile(r"<svg.*?</svg>", re.DOTALL)


@pytest.fixture
def bakery(tmp_path: Path) -> Path:
    write_template(tmp_path / "bakery")
    return tmp_path / "bakery"


def draw(project: Path, *words: str) -> str:
    """The page that `bot visualize` writes."""
    page = project / "graph.html"
    with pytest.raises(SystemExit) as ended:
        main(["visualize", "--project", str(project), "--out", str(page), *words])
    assert not ended.value.code
    return page.read_text("utf-8")


def pictures(page: str) -> list[ElementTree.Element]:
    """The pictures of a page, parsed as XML."""
    return [ElementTree.fromstring(svg) for svg in SVG.findall(page)]


def labels(picture: ElementTree.Element) -> list[str]:
    return [text.text or "" for text in picture.iter("text")]


def test_rules_and_stories_are_drawn_in_separate_pictures(bakery: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (bakery / "stories/more.yml").write_text(
        "stories:\n- story: a greeting\n  steps:\n  - intent: greet\n  - action: utter_greet\n"
    )
    rules, stories = pictures(draw(bakery))
    assert labels(stories) == ["greet", "utter_greet", "a greeting"]
    assert "active_loop: null" in labels(rules)
    assert "stories: 1. Open " in capsys.readouterr().out


def test_tooltip_of_a_step_shows_examples_and_places(bakery: Path) -> None:
    tips = [title.text or "" for picture in pictures(draw(bakery)) for title in picture.iter("title")]
    greet = next(tip for tip in tips if tip.startswith("greet\n"))
    assert "“hello”" in greet
    assert re.search(r"^intents/smalltalk\.yml:\d+:\d+$", greet, re.MULTILINE)


def test_steps_do_not_overlap(bakery: Path) -> None:
    for picture in pictures(draw(bakery)):
        boxes = [{name: float(box.get(name, "0")) for name in ("x", "y", "width")} for box in picture.iter("rect")]
        boxes.sort(key=lambda box: (box["y"], box["x"]))
        assert len(boxes) > 2
        assert all(b["y"] > a["y"] or b["x"] > a["x"] + a["width"] for a, b in pairwise(boxes))


def test_steps_of_a_single_story_are_in_one_row(bakery: Path) -> None:
    (bakery / "stories/more.yml").write_text(
        "stories:\n- story: a greeting\n  steps:\n  - intent: greet\n  - action: utter_greet\n"
    )
    boxes = list(pictures(draw(bakery))[1].iter("rect"))
    assert len(boxes) == 2
    assert len({box.get("y") for box in boxes}) == 1


def test_every_box_is_reached_by_a_line_from_its_left(bakery: Path) -> None:
    for picture in pictures(draw(bakery)):
        lines = [line.get("d", "") for line in picture.iter("path")]
        spans = [re.fullmatch(r"M([\d.]+) .*H([\d.]+)", line) for line in lines]
        ends = {float(span[2]) for span in spans if span and float(span[1]) < float(span[2])}
        assert all(spans)
        assert {float(box.get("x", "0")) for box in picture.iter("rect")} <= ends


def test_html_in_names_and_texts_is_escaped(bakery: Path) -> None:
    (bakery / "stories/more.yml").write_text(
        "stories:\n- story: <script>alert(1)</script>\n  steps:\n  - user: '</svg><b>&amp;'\n  - action: utter_greet\n"
    )
    page = draw(bakery)
    assert "<script" not in page
    assert labels(pictures(page)[-1]) == ["“</svg><b>&amp;”", "utter_greet", "<script>alert(1)</script>"]


def test_long_label_is_cut_and_complete_in_the_tooltip(bakery: Path) -> None:
    said = "cake " * 40
    (bakery / "stories/more.yml").write_text(f"stories:\n- story: s\n  steps:\n  - user: {said}\n  - bot: hi\n")
    picture = pictures(draw(bakery))[-1]
    assert labels(picture)[0].endswith("…")
    assert len(labels(picture)[0]) < 50
    assert said.strip() in (next(picture.iter("title")).text or "")


def test_stories_option_draws_test_stories(bakery: Path) -> None:
    (picture,) = pictures(draw(bakery, "--stories", str(bakery / "stories")))
    assert picture.get("aria-label") == "Test stories"


def test_content_errors_are_reported_instead_of_a_picture(bakery: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (bakery / "stories/more.yml").write_text("stories:\n- story: s\n  stepz: []\n")
    with pytest.raises(SystemExit) as ended:
        main(["visualize", "--project", str(bakery), "--out", str(bakery / "graph.html")])
    assert ended.value.code
    assert "stories/more.yml:3:3: error" in capsys.readouterr().err
    assert not (bakery / "graph.html").exists()


def test_project_without_stories_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "intents").mkdir()
    (tmp_path / "intents/a.yml").write_text("nlu:\n- intent: a\n  examples: |\n    - b\n")
    with pytest.raises(SystemExit):
        main(["visualize", "--project", str(tmp_path), "--out", str(tmp_path / "graph.html")])
    assert "there are no rules or stories to draw" in capsys.readouterr().err
