# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a crew asks and what the answer must be without a model: kinds of questions, each with a document made for it."""
import json
import sys
import urllib.parse

import model_server as m
from harness import ROOT, Server, sample
from model_server import ModelServer
from test_ask import SAMPLES, ask, resolves

MENU = """Item,Station,Milk,Egg,Tree nuts,Note
Garden Soup,Hot,contains,,,
Spicy Fish Wrap,Fryer,contains,contains,,
Fish Wrap,Fryer,,contains,,Cooked beside the spicy fish wrap: may contain milk
Plain Rice,Hot,,,,
Lemon Cake,Dessert,contains,contains,,
Fruit Ice,Dessert,,,,
Walnut Salad,Cold,,,contains,
""" + "".join(f"Side Dish {n},Hot,{'contains' if n % 2 else ''},,,\n" for n in range(60))

KETTLE = """# KT-40 Soup kettle

## Electrical connection

| Property | Value |
| --- | --- |
| Supply | 230 V, 50 Hz |
| Load | 3.2 kW |

## If steam escapes

1. Press the red button on the wall.
2. Leave the room and close the door.
3. Call the shift manager.

## Burns

- Cool the burn under running water.
- Cover it with a clean cloth.

## Codes

| Code | Meaning | What to do |
| --- | --- | --- |
| K-10 | Water low | Fill the kettle to the line. |
| K-20 | Lid open | Close the lid. |

The display showed code K-10 twice this week.

## Turn-offs for guests

Never do this in front of guests:

- Greet guests with dirty plates in hand.
- Point at guests.

## The warm zone

Food between 41 °F and 135 °F spoils fast.
Count the hours it spends there.

## Closing the back room

1. Count the boxes.
2. Mix floor cleaner to one cap a bucket.
3. Lock the door.

Use the long-handled spoon in the kettle.
Simmer the stock for 40 minutes.
"""


def check(server, question):
    a = ask(server, question)
    assert all(resolves(server, c) for c in a["citations"]), (question, a["citations"])
    return a


def test_a_question_for_which_ones_gets_all_rows_of_the_table():
    with Server() as server:
        server.add("menu.csv", MENU.encode())
        a = check(server, "Which items contain milk?")
        lines = a["answer"].splitlines()
        assert lines[0].startswith("Item: Garden Soup; Milk: contains [") and "Egg" not in lines[0], lines[:3]
        assert sum("Milk: contains" in line for line in lines) == 33, lines  # 3 and 30 sides: far beyond one chunk of the table
        assert any(line.startswith("Item: Fish Wrap; Milk: (empty); Note:") and "may contain milk" in line for line in lines), lines
        assert not any("Plain Rice" in line for line in lines)


def test_a_long_list_says_how_many_rows_it_leaves_out():
    many = "Item,Milk\n" + "".join(f"Dish {n},contains\n" for n in range(65))
    with Server() as server:
        server.add("many.csv", many.encode())
        lines = check(server, "Which items contain milk?")["answer"].splitlines()
        assert len(lines) == 51 and lines[-1].split(" [")[0] == "15 more rows of many.csv fit; they are not listed here.", lines[-2:]


def test_a_blank_cell_that_is_asked_for_is_said_to_be_empty():
    with Server() as server:
        server.add("menu.csv", MENU.encode())
        a = check(server, "Does the fish wrap contain milk?")
        assert a["answer"].startswith("Item: Fish Wrap;") and "Milk: (empty)" in a["answer"] and "may contain milk" in a["answer"], a["answer"]
        a = check(server, "Which desserts contain tree nuts?")
        assert [line.split(" [")[0] for line in a["answer"].splitlines()] == ["Item: Lemon Cake; Tree nuts: (empty)",
                                                                              "Item: Fruit Ice; Tree nuts: (empty)"], a["answer"]


def test_the_row_that_is_about_the_thing_comes_before_rows_that_mention_it():
    with Server() as server:
        server.add("menu.csv", MENU.encode())
        a = check(server, "Is there egg in the fish wrap?")
        assert a["answer"].startswith("Item: Fish Wrap;") and "Egg: contains" in a["answer"], a["answer"]


def test_a_value_is_found_by_its_unit_where_no_document_has_the_word():
    with Server() as server:
        server.add("kettle.md", KETTLE.encode())
        a = check(server, "What is the voltage of the KT-40?")
        assert not a["refused"] and "230 V" in a["answer"], a["answer"]
        assert check(server, "What is the voltage of the coffee grinder?")["refused"]


def test_an_emergency_gets_its_steps():
    with Server() as server:
        server.add("kettle.md", KETTLE.encode())
        for question in ("What should I do if steam escapes?", "Steam escapes, what now?", "what to do when steam escapes"):
            a = check(server, question)
            assert [s["text"] for s in a["steps"]][0] == "Press the red button on the wall." and len(a["steps"]) == 3, (question, a["answer"])
        a = check(server, "Somebody has a burn, what should we do?")
        assert a["answer"].splitlines()[0].startswith("- Cool the burn"), a["answer"]  # bullets are not numbered


def test_an_error_code_gets_its_row_not_a_mention():
    with Server() as server:
        server.add("kettle.md", KETTLE.encode())
        a = check(server, "The kettle shows K10, what do I do?")
        assert a["answer"].startswith("Code: K-10; Meaning: Water low; What to do: Fill the kettle to the line."), a["answer"]


def test_a_list_is_told_with_the_sentence_that_leads_to_it():
    with Server() as server:
        server.add("kettle.md", KETTLE.encode())
        a = check(server, "How do I greet guests?")
        assert a["answer"].startswith("Never do this in front of guests:"), a["answer"]


def test_what_something_is_is_told_by_the_section_of_that_name():
    with Server() as server:
        server.add("kettle.md", KETTLE.encode())
        a = check(server, "What is the warm zone?")
        assert a["answer"].startswith("Food between 41 °F and 135 °F spoils fast."), a["answer"]


def test_one_item_of_a_list_about_something_else_is_said_alone():
    with Server() as server:
        server.add("kettle.md", KETTLE.encode())
        a = check(server, "How do I mix floor cleaner?")
        assert a["answer"].startswith("Mix floor cleaner to one cap a bucket.") and "boxes" not in a["answer"], a["answer"]


def test_how_long_wants_a_time_and_not_the_word():
    with Server() as server:
        server.add("kettle.md", KETTLE.encode())
        a = check(server, "How long do I simmer the stock?")
        assert "40 minutes" in a["answer"] and "spoon" not in a["answer"], a["answer"]


def opened(citation):
    """The place at which the citation's link opens."""
    return json.loads(urllib.parse.parse_qs(urllib.parse.urlparse(citation["link"]).query)["place"][0])


def test_a_cited_row_opens_at_that_row():
    with Server() as server:
        server.add("menu.csv", MENU.encode())
        server.add("kettle.md", KETTLE.encode())
        server.add("cleaning-schedule.xlsx", sample("cleaning-schedule.xlsx"))
        c = check(server, "Is there egg in the fish wrap?")["citations"][0]
        assert opened(c)["rows"] == [4, 4] and c["place_words"].startswith("row 4"), c  # the head is row 1
        c = next(c for c in check(server, "Which items contain milk?")["citations"] if c["quote"].startswith("Side Dish 59"))
        assert opened(c)["rows"] == [68, 68], c  # in a block of the table whose head is repeated
        c = check(server, "What does code K-20 mean?")["citations"][0]
        line = KETTLE.splitlines().index("| K-20 | Lid open | Close the lid. |") + 1
        assert opened(c)["lines"] == [line, line], (c, line)
        c = next(c for c in check(server, "When is the next boil-out due?")["citations"] if c["document_name"] == "cleaning-schedule.xlsx")
        assert opened(c)["range"].startswith("A8:"), c


def test_a_cited_row_of_a_table_on_a_page_opens_at_that_row():
    with Server() as server:
        manual = server.add("fryer-manual.pdf", sample("fryer-manual.pdf"))["id"]
        table = next(e for e in server.elements(manual) if e["kind"] == "table" and "E-31" in e["text"] and "E-60" in e["text"])
        lines, rows, box = table["text"].splitlines(), table["data"]["rows"], table["place"]["box"]
        assert len(lines) == len(rows) > 9 and rows == sorted(rows), rows
        assert abs(rows[0][0] - box[1]) < 0.02 and abs(rows[-1][1] - box[3]) < 0.02, (rows, box)
        assert all(0.01 < bottom - top < 0.1 and abs(bottom - after) < 0.01 for (top, bottom), (after, _) in zip(rows, rows[1:] + [[rows[-1][1], 0]])), rows
        for code in ("E-12", "E-31", "E-60"):
            row = rows[next(i for i, line in enumerate(lines) if line.startswith(code))]
            cited = check(server, f"What does {code} mean?")["citations"][0]
            assert cited["place"] == table["place"], cited
            at = opened(cited)
            assert at["page"] == 11 and [at["box"][1], at["box"][3]] == row and at["box"][0] == box[0], (at, row)
            found = next(r["place"] for r in server.search(code, document_ids=[manual]) if r["place"]["page"] == 11)
            assert [found["box"][1], found["box"][3]] == row, (code, found)


# Many questions of every kind; each answer's citations are followed, whoever wrote it.
CREW = """How do I filter the fryer oil?|How often do I filter the oil?|What does E-31 mean?|The fryer shows E12, what do I do?
What is the supply voltage of the FX-200?|How do I reset the high limit?|What temperature must chicken reach?|How hot is ground beef cooked?
Which items contain milk?|Does the fish sandwich contain egg?|Which desserts contain tree nuts?|Who cleans the hood filters?
When is the next boil-out due?|How do I do a boil-out?|What do I do every day at closing?|How do I close the grill?
What is the order total of the cleaning supplies?|How much does degreaser cost?|What happened on the last shift?
What temperature must the walk-in freezer have?|How do I wash my hands?|How long do I cool a burn?|What if the oil catches fire?
What is the part number of the oil temperature sensor?|What is the danger zone?|Which tasks does the shift manager do?|Why does the oil foam?
What should I do if the fryer catches fire?|How do I mix sanitizer?|Who signs the oil log?|What is the discard point of the oil?
Can a guest with a milk allergy eat the fries?|What is the capital of France?|How do I repair the espresso machine?|What does E-99 mean?
Which error codes may the operator clear?|How cold is the salad well?|What must be in the shift handover?|filter paper|E-21|closing
What changed in revision 4 of the manual?|How many minutes does it take to clean the grill?|What are the opening tasks on Sunday?"""


def follow(server, answer, seen):
    numbers = {c["number"] for c in answer["citations"]}
    for c in answer["citations"]:
        if c["document_id"] not in seen:
            seen[c["document_id"]] = server.elements(c["document_id"])
        held = [e for e in seen[c["document_id"]] if c["quote"] in e["text"] and (e["place"] or {}) == c["place"]]
        assert held, c
        assert c["link"].startswith(f"/documents/{c['document_id']}?chunk=") and c["place_words"], c
        if c["place"]:
            at = opened(c)
            assert set(at) == set(c["place"]), (at, c)
    for s in answer["sentences"]:
        assert set(s["citations"]) <= numbers, s
    return len(numbers)


def test_every_citation_of_many_answers_resolves_without_a_model():
    with Server() as server:
        for name in SAMPLES:
            server.add(name, sample(name))
        seen, count, refused = {}, 0, 0
        for question in CREW.replace("\n", "|").split("|"):
            a = ask(server, question)
            refused += a["refused"]
            count += follow(server, a, seen)
            assert a["refused"] or all(s["citations"] for s in a["sentences"]), (question, a["sentences"])
        assert count >= 100 and 2 <= refused <= 10, (count, refused)


def test_every_citation_of_many_answers_resolves_with_a_model():
    """The model cites what the tools gave it, and now and then a passage that was never there."""
    def turn(request):
        if not m.messages_of(request, "tool"):
            question = m.messages_of(request, "user")[-1]["content"]
            return m.call(("search_knowledge", "equipment_guidance")[len(question) % 2],
                          {"query": question, "limit": 5} if len(question) % 2 == 0 else {"equipment": "fryer", "issue": question})
        stack, found = [m.last_result(request)], []
        while stack:
            one = stack.pop(0)
            if isinstance(one, dict) and "quote" in one:
                found.append(one)
            stack += list(one.values()) if isinstance(one, dict) else one if isinstance(one, list) else []
        said = [f"{' '.join(p['quote'].replace('|', ' ').split()[:12])}. [{p['number']}]" for p in found[:4]]
        return m.text(" ".join(said + ["Nobody knows the rest. [999]"]))
    with ModelServer(turn) as model, Server({"assist_model_url": model.url, "assist_model": "scripted-1", "assist_retries": 1}) as server:
        for name in SAMPLES:
            server.add(name, sample(name))
        seen, count, by_model = {}, 0, 0
        for question in CREW.replace("\n", "|").split("|"):
            a = ask(server, question)
            count += follow(server, a, seen)
            by_model += a["mode"] == "model"
            assert all(not s["supported"] for s in a["sentences"] if s["text"] == "Nobody knows the rest."), a["sentences"]
            assert 999 not in {c["number"] for c in a["citations"]}
        assert count >= 60 and by_model >= 25, (count, by_model)


LARGE = "# Printer guide\n\n" + "".join(
    f"## {title}\n\n{text}\n\n" for title, text in (
        ("Sleep", "The printer wakes when the sensor sees a person."), ("Warm colours", "Warm paper takes warm colours better."),
        ("Passwords", "The default password is the serial number of the printer."), ("Trays", "Cooked or wet paper must not lie in a tray."),
        ("Crew", "Employees who work in the restaurant may print from each printer."), ("Wall", "Mount the network card on the wall beside the printer."),
        ("Cost centre", "Each job is booked to a cost centre."), ("Grill", "The grill stands two metres from the printer.")))


def test_words_that_lie_scattered_over_a_document_are_no_answer():
    with Server() as server:
        server.add("guide.md", LARGE.encode())
        for question in ("What is the default password of the grill?", "How much does a network card cost?",
                         "How many employees work in the restaurant?", "How long can rice stay in the tray of the grill?"):
            a = check(server, question)
            assert a["refused"] and "Closest is" in a["answer"], (question, a["answer"])
        for question in ("What is the default password of the printer?", "Where do I mount the network card?", "Who may print in the restaurant?"):
            assert not check(server, question)["refused"], question


OVEN = """# Bakery notes

## Opening

Daily startup:

1. Light the pilot flame.
2. Preheat the oven.

## Closing

Daily shutdown:

1. Close the gas valve of the oven.
2. Cover the oven.

## Discount

Staff get no discount on:

- Cakes
- Bread rolls

## Gaskets

The gasket of the oven is checked on Fridays.
"""


def test_turning_on_and_turning_off_are_told_apart():
    with Server() as server:
        server.add("bakery.md", OVEN.encode())
        for question in ("How do I shut down the oven?", "How do I turn the oven off?", "How do I switch off the oven?"):
            steps = [s["text"] for s in check(server, question).get("steps", [])]
            assert steps == ["Close the gas valve of the oven.", "Cover the oven."], (question, steps)
        for question in ("How do I start up the oven?", "How do I turn on the oven?", "How do I turn the oven on?"):
            steps = [s["text"] for s in check(server, question).get("steps", [])]
            assert steps == ["Light the pilot flame.", "Preheat the oven."], (question, steps)


def test_a_sentence_that_leads_to_a_list_is_told_with_the_list():
    with Server() as server:
        server.add("bakery.md", OVEN.encode())
        lines = [line.split(" [")[0] for line in check(server, "When is there no discount for staff?")["answer"].splitlines()]
        assert lines[:3] == ["Staff get no discount on:", "Cakes", "Bread rolls"], lines


def test_another_document_adds_only_what_holds_as_much():
    with Server() as server:
        server.add("bakery.md", OVEN.encode())
        server.add("plan.csv", b"Day,Plan\nFriday,Plan of the year\nMonday,Gasket sale\n")
        a = check(server, "When is the gasket of the oven checked?")
        assert [c["document_name"] for c in a["citations"]] == ["bakery.md"], a["answer"]


def test_a_wide_row_is_told_by_what_is_asked_for():
    names = ["Dish", "Calories", "Fat", "Salt", "Sugar", "Fibre", "Protein", "Iron"]
    rows = [["Cod roll", "410", "12", "2", "5", "3", "21", "1"], ["Pea soup", "180", "4", "1", "2", "6", "9", "2"]]
    with Server() as server:
        server.add("food.csv", "\n".join(",".join(r) for r in [names, *rows]).encode())
        a = check(server, "How many calories does the cod roll have?")
        assert a["answer"].split(" [")[0] == "Dish: Cod roll; Calories: 410", a["answer"]


def test_what_a_word_means_is_told_by_the_sentence_that_explains_it():
    text = "# Storage\n\nProducts are always rotated using the FIFO method.\n\nFollow FIFO (first in, first out) at each delivery.\n"
    with Server() as server:
        server.add("storage.md", text.encode())
        assert check(server, "What does FIFO mean?")["answer"].startswith("Follow FIFO (first in"), "FIFO"


def roster(kind):
    """Who opens, without a header, as a workbook, a Word document, a web page and plain CSV."""
    sys.path.insert(0, str(ROOT / "tests/fixtures"))
    import _ooxml as ox
    rows = [("Monday", "Shift lead Blue", "Prep cook North"), ("Tuesday", "Shift lead Green", "Prep cook South"), ("Wednesday", "Shift lead Red", "Prep cook South")]
    if kind == "xlsx":
        return ox.xlsx({"Who opens": ox.sheet({n: "".join(ox.t(f"{c}{n}", v) for c, v in zip("ABC", r)) for n, r in enumerate(rows, 1)})})
    if kind == "docx":
        return ox.docx(ox.p("Who opens", "Heading1") + ox.tbl(*rows, columns=3))
    if kind == "html":
        return ("<html><body><h1>Who opens</h1><table>" + "".join("<tr>" + "".join(f"<td>{v}</td>" for v in r) + "</tr>" for r in rows) + "</table></body></html>").encode()
    return ("Who opens\n\n" + "".join(",".join(r) + "\n" for r in rows)).encode()


def test_the_first_row_of_a_table_without_a_header_is_an_answer_too():
    for kind in ("xlsx", "docx", "html", "csv"):
        with Server() as server:
            server.add(f"roster.{kind}", roster(kind))
            a = check(server, "Who opens on Monday?")
            assert a["answer"].split(" [")[0] == "Monday; Shift lead Blue; Prep cook North", (kind, a["answer"])
            if kind == "xlsx":
                assert a["citations"][0]["place_words"] == "Who opens!A1:C1", a["citations"]
            a = check(server, "Who opens on Wednesday?")
            assert a["answer"].split(" [")[0] == "Wednesday; Shift lead Red; Prep cook South", (kind, a["answer"])


STEAMER = """# ST-2 Steamer

## Safety

Open the lid of the steamer a hand's width and wait 5 seconds.

## Replacing the gasket of the lid

1. Switch the steamer off at the wall.
2. Pull the old gasket of the lid out of its groove.
3. Press the new gasket in.

## Data

| Property | Value |
| --- | --- |
| Weight | 98 kg |
| Supply | 400 V |
"""


def test_what_is_named_and_stands_nowhere_has_no_answer():
    with Server() as server:
        server.add("steamer.md", STEAMER.encode())
        server.add("waste.csv", b"Bin,Collected on,Put out by\nGlass,Tuesday,7 p.m. on Monday\nPaper,Thursday,7 p.m. on Wednesday\n")
        server.add("menu.csv", b"Dish,Price,Calories\nLentil burger,$11.25,540\nPeach iced tea,$3.95,110\nCheese board,$14.00,880\n")
        for question in ("On which day is the plastic bin collected?", "What is the recipe of the lentil burger?", "How much sugar is in the peach iced tea?",
                         "How wide is the steamer?", "How long is the warranty of the steamer?"):
            assert check(server, question)["refused"], question
        for question, said in (("On which day is the glass bin collected?", "Bin: Glass; Collected on: Tuesday"), ("How heavy is the steamer?", "Property: Weight; Value: 98 kg"),
                               ("How much does the lentil burger cost?", "Dish: Lentil burger; Price: $11.25; Calories: 540")):
            assert check(server, question)["answer"].split(" [")[0].startswith(said), question


def test_a_question_for_a_time_gets_the_row_that_tells_one():
    with Server() as server:
        server.add("leads.csv", b"Who opens\n\nMonday,Lead Blue\nTuesday,Lead Green\nWednesday,Lead Red\n")
        server.add("hours.csv", b"Opening hours\n\nMonday,7:00 AM,9:30 PM\nTuesday,8:00 AM,9:30 PM\nWednesday,7:30 AM,9:30 PM\n")
        assert check(server, "When do we open on Tuesday?")["answer"].startswith("Tuesday; 8:00 AM"), "when"
        assert check(server, "Who opens on Tuesday?")["answer"].startswith("Tuesday; Lead Green"), "who"


def test_steps_to_do_another_thing_are_no_answer():
    with Server() as server:
        server.add("steamer.md", STEAMER.encode())
        a = check(server, "How do I open the lid of the steamer?")
        assert not a.get("steps") and a["answer"].startswith("Open the lid of the steamer"), a["answer"]
        assert len(check(server, "How do I replace the gasket of the lid?")["steps"]) == 3


def test_the_row_of_the_thing_itself_is_told_and_no_other():
    rows = [("Big Burger", "Burgers", "contains", "contains"), ("Kids Burger", "Burgers", "", "contains"), ("Kids Tenders", "Chicken", "contains", ""), ("Green Salad", "Salads", "", ""),
            ("Nut Salad", "Salads", "contains", "contains")]
    with Server() as server:
        server.add("allergens.csv", ("Item,Category,Milk,Wheat\n" + "".join(",".join(r) + "\n" for r in rows)).encode())
        for question, said in (("Does the Kids Burger contain milk?", "Item: Kids Burger; Category: Burgers; Milk: (empty); Wheat: contains"),
                               ("Does the Kids Burger contain wheat?", "Item: Kids Burger; Category: Burgers; Wheat: contains"),
                               ("Does the Green Salad contain milk?", "Item: Green Salad; Category: Salads; Milk: (empty)")):
            lines = check(server, question)["answer"].splitlines()
            assert len(lines) == 1 and lines[0].startswith(said + " ["), (question, lines)


def test_what_is_forbidden_goes_first_where_it_is_asked_whether_one_may():
    text = "# Oil fire\n\nPull the handle if oil burns and water is near.\n\nNever use water on burning oil and never move the vat.\n\n# Burns\n\nCool a burn of hot oil under running water.\n"
    with Server() as server:
        server.add("fire.md", text.encode())
        for question in ("Is it safe to use water on burning oil?", "May I use water on burning oil?"):
            assert check(server, question)["answer"].startswith("Never use water on burning oil"), question


def test_another_value_of_another_document_is_told_too():
    with Server() as server:
        server.add("oven.md", b"# CX-6 Combi oven\n\n## Preheating\n\nPreheat the combi oven to 375 \xc2\xb0F before the first load.\n")
        server.add("bulletin.md", b"# Bulletin 12\n\nFrom May on, preheat the CX-6 combi oven to 400 \xc2\xb0F before the first load.\n")
        a = check(server, "To what temperature do I preheat the combi oven?")
        assert "375" in a["answer"] and "400" in a["answer"] and {c["document_name"] for c in a["citations"]} == {"oven.md", "bulletin.md"}, a["answer"]


def test_a_code_with_what_to_do_gets_its_meaning_and_its_steps():
    text = "# Kettle\n\n| Code | Meaning |\n| --- | --- |\n| K-10 | Water low |\n| K-20 | Lid open |\n\n## Clearing K-10\n\n1. Switch the kettle off.\n2. Fill it for K-10 to the line.\n"
    with Server() as server:
        server.add("kettle.md", text.encode())
        a = check(server, "What does K-10 mean and what do I do?")
        assert a["answer"].startswith("Code: K-10; Meaning: Water low") and len(a["steps"]) == 2, a["answer"]
        assert not check(server, "The panel shows K-20")["refused"]
