# SPDX-License-Identifier: AGPL-3.0-or-later
"""A restaurant's papers and what its crew asks about them: the documents and questions of bench/crew. All of it was written
before any answer was looked at. The documents are made by the small writers of tests/fixtures and hold what people really
hand in: tables with and without a header, steps, notes, subtitles, and two papers that disagree."""
import datetime
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "tests" / "fixtures"))
import _ooxml as ox  # noqa: E402
import _pdf  # noqa: E402

DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


def grid(rows, styles=None):
    """Rows of cells, text or (number, style), as a sheet."""
    out = {}
    for r, row in enumerate(rows, 1):
        cells = ""
        for c, value in enumerate(row):
            ref = f"{chr(65 + c)}{r}"
            cells += "" if value is None else ox.n(ref, *value) if isinstance(value, tuple) else ox.t(ref, value)
        out[r] = cells
    return ox.sheet(out)


def clock(h, m=0):
    return ((h * 60 + m) / 1440, 1)


def roster():
    opens = [("Monday", "Shift lead Blue", "Prep cook North"), ("Tuesday", "Shift lead Green", "Prep cook South"),
             ("Wednesday", "Shift lead Blue", "Prep cook South"), ("Thursday", "Shift lead Red", "Prep cook North"),
             ("Friday", "Shift lead Green", "Prep cook North"), ("Saturday", "Shift lead Red", "Prep cook South"),
             ("Sunday", "Shift lead Blue", "Prep cook North")]
    hours = [(d, clock(7 if i < 5 else 8), clock(21 if i < 4 else 22, 30)) for i, d in enumerate(DAYS)]
    stations = [("Station", "Breakfast", "Lunch", "Dinner"), ("Flat-top", "Crew 4", "Crew 9", "Crew 2"),
                ("Salads", "Crew 7", "Crew 1", "Crew 7"), ("Dishes", "Crew 3", "Crew 3", "Crew 8"), ("Register", "Crew 5", "Crew 6", "Crew 5")]
    breaks = [("Role", "Break starts", "Minutes"), ("Cashier", clock(10, 30), (20, 0)), ("Grill operator", clock(13, 15), (30, 0)),
              ("Dish washer", clock(14), (15, 0))]
    return ox.xlsx({"Who opens": grid(opens), "Opening hours": grid(hours), "Stations": grid(stations), "Breaks": grid(breaks)},
                   formats=["h:mm AM/PM"])


def prices():
    rows = [("Truffle fries", (7.5, 1), (620, 0)), ("Lentil burger", (11.25, 1), (540, 0)), ("Peach iced tea", (3.95, 1), (110, 0)),
            ("Cheese board", (14, 1), (880, 0))]
    return ox.xlsx({"Menu": grid([("Dish", "Price", "Calories"), *rows])}, formats=["$0.00"])


CONTACTS = """Walk-in cooler repair,Northwind Refrigeration,555-0148,day and night
Grease trap,Clearflow Services,555-0172,weekdays
Linen and aprons,Harbor Laundry,555-0190,Tuesday and Friday
Pest control,Greenline Pest,555-0133,first Wednesday of the month
Window cleaning,Bright Panes,555-0121,every second Thursday
"""

WASTE = """Bin,Collected on,Put out by
Glass,Tuesday,7 p.m. on Monday
Paper,Thursday,7 p.m. on Wednesday
Food scraps,daily,closing
Used oil,every second Friday,noon
"""


def house():
    hours = [("Kitchen closes", "9:30 p.m."), ("Last orders", "9:15 p.m."), ("Back door is locked", "8 p.m."), ("Alarm is set", "11 p.m.")]
    duties = [("Monday", "Scrub the hood filters", "Grill operator"), ("Tuesday", "Empty and wipe the reach-in", "Prep cook"),
              ("Wednesday", "Descale the steam table", "Dish washer"), ("Thursday", "Wash the walls of the dish room", "Dish washer"),
              ("Friday", "Polish the front counter", "Cashier")]
    keys = [("Key", "Kept by", "Opens"), ("K1", "Shift lead", "front door"), ("K2", "Cellar manager", "wine cellar"), ("K3", "Shift lead", "office safe")]
    body = (ox.p("House rules", "Title") + ox.p("Times", "Heading1") + ox.tbl(*hours, columns=2)
            + ox.p("Weekly deep cleaning", "Heading1") + ox.tbl(*duties, columns=3)
            + ox.p("Keys", "Heading1") + ox.tbl(*keys, columns=3, header=True)
            + ox.p("Lost property", "Heading1") + ox.p("Put what guests leave behind into the grey box in the office and write the day on a label. "
                                                      "Keep it for 60 days, then give it to charity.")
            + ox.p("Uniform", "Heading1") + ox.p("Aprons are changed whenever they are soiled. Hair longer than the collar is tied back. "
                                                 "Earrings larger than a coin are not worn in the kitchen."))
    return ox.docx(body)


OVEN = """# CX-6 Combi oven

## Safety

WARNING: Steam burns. Open the door a hand's width and wait 5 seconds before opening it fully.

Never spray the hot cavity with cold water.

## Preheating

Preheat the oven to 375 °F (190 °C) before the first load.

## Daily cleaning

1. Let the cavity cool below 140 °F (60 °C).
2. Take out the racks and the grease filter.
3. Put one cleaning tablet into the basket on the floor.
4. Press CLEAN and choose programme 2.
5. Wipe the door gasket with a damp cloth.

## Replacing the door gasket

1. Switch the oven off at the wall.
2. Pull the old gasket out of its groove.
3. Press the new gasket in from the corners.

## Faults

| Code | Meaning | What to do |
| --- | --- | --- |
| F-03 | No water | Open the tap behind the oven. |
| F-07 | Fan blocked | Switch off and remove the grease filter. |
| F-11 | Core probe broken | Replace the core probe. |

## Spare parts

| Part | Number |
| --- | --- |
| Door gasket | CX6-2201 |
| Core probe | CX6-3140 |
| Cleaning tablets, 60 | CX6-9005 |

## Technical data

| Property | Value |
| --- | --- |
| Supply | 400 V, three phases |
| Load | 11 kW |
| Weight | 98 kg |
"""

BULLETIN = """# Bulletin 12: CX-6 combi oven

From May on, preheat the CX-6 combi oven to 400 °F (204 °C) before the first load. This replaces what the manual says.
"""

DELIVERY = """RECEIVING DELIVERIES

Check every delivery within 15 minutes of its arrival.

Fresh fish is accepted at 36 °F (2 °C) or below, on ice.
Frozen goods are refused if they show ice crystals or wet boxes.
Eggs are accepted at 45 °F (7 °C) or below and with a pack date.

Dented cans are set aside on the red shelf and sent back.
Write the temperature on the delivery note and sign it.

Raw poultry is stored on the lowest shelf, below all other food.
Opened sauces are labelled and thrown away after 5 days.
"""

HYGIENE = """<html><head><title>Hygiene</title></head><body><h1>Hygiene</h1>
<h2>Sanitizer strength</h2>
<table><tr><td>Cutting boards</td><td>200 ppm</td><td>blue cloth</td></tr><tr><td>Tables in the dining room</td><td>100 ppm</td><td>yellow cloth</td></tr>
<tr><td>Ice scoops</td><td>50 ppm</td><td>white cloth</td></tr></table>
<h2>Washing hands</h2>
<ol><li>Wet your hands and arms under warm water.</li><li>Take soap and rub for 20 seconds, also between the fingers.</li><li>Rinse well.</li>
<li>Dry with a paper towel and close the tap with it.</li></ol>
<h2>Cuts</h2><p>Stop work at once. Wash the cut, cover it with a blue plaster and put on a glove. Throw away food that may have been touched.</p>
<h2>When to stay at home</h2><p>Stay at home with vomiting or diarrhoea until 48 hours after the last symptom, and call the shift lead.</p>
</body></html>"""

SUBTITLES = [(1, "Welcome to the knife course."), (4, "Carry a knife with the point down and say behind you."), (9, "Never leave a knife in a sink full of water."),
             (14, "Sharpen the chef's knife on the stone every Sunday evening."), (19, "Hold the steel at an angle of twenty degrees."),
             (24, "A dull blade slips and cuts you.")]


def subtitles():
    def at(s):
        return f"{datetime.timedelta(seconds=s)!s:0>8},000"
    return "".join(f"{i}\n{at(s)} --> {at(s + 4)}\n{text}\n\n" for i, (s, text) in enumerate(SUBTITLES, 1)).encode()


def ruled(x, y, widths, rows, height=22):
    """A table with all its lines, top left at x, y."""
    out, right, low = "0.6 w\n", x + sum(widths), y - height * len(rows)
    for i in range(len(rows) + 1):
        out += f"{x} {y - i * height} m {right} {y - i * height} l S\n"
    for i in range(len(widths) + 1):
        out += f"{x + sum(widths[:i])} {y} m {x + sum(widths[:i])} {low} l S\n"
    for r, row in enumerate(rows):
        for c, cell in enumerate(row):
            out += _pdf.text(x + sum(widths[:c]) + 6, y - height * r - 15, cell)
    return out


def ice_machine():
    pdf = _pdf.Pdf()
    rows = [("Bin capacity", "175 kg", "full to the line"), ("Water filter", "IM-4402", "every 6 months"), ("Descaler", "IM-4410", "every 3 months"),
            ("Air filter", "IM-4425", "every 2 weeks")]
    page = _pdf.text(72, 740, "Ice machine IM-90", size=20, font="F2") + _pdf.text(72, 705, "Parts and service", size=14, font="F2")
    page += ruled(72, 685, (150, 120, 160), rows) + _pdf.text(72, 560, "Descaling", size=14, font="F2")
    page += _pdf.text(72, 535, "1. Throw away all ice in the bin.", "2. Press and hold CLEAN for 4 seconds.", "3. Pour one bottle of descaler into the trough.",
                      "4. Wait 35 minutes, then rinse twice.", leading=18)
    page += _pdf.text(72, 450, "Lamps", size=14, font="F2")
    page += _pdf.text(72, 425, "A red lamp means that the bin door was left open.", "A yellow lamp means that the water filter is due.", leading=18)
    pdf.page(page)
    return pdf.bytes()


def first_aid():
    return ox.pptx([{"shapes": [ox.shape(2, 1, 1, 8, 1, "Burns and scalds", kind="title"),
                                ox.shape(3, 1, 2, 8, 4, "Hold the burn under cool running water for 20 minutes.", "Do not use ice or butter.",
                                         "Call 911 if the burn is larger than a hand.")]}])


def documents():
    return {"roster.xlsx": roster(), "prices.xlsx": prices(), "contacts.csv": CONTACTS.encode(), "waste.csv": WASTE.encode(), "house-rules.docx": house(),
            "combi-oven.md": OVEN.encode(), "bulletin-12.md": BULLETIN.encode(), "deliveries.txt": DELIVERY.encode(), "hygiene.html": HYGIENE.encode(),
            "knife-course.srt": subtitles(), "ice-machine.pdf": ice_machine(), "first-aid.pptx": first_aid()}


# The question, what the answer must hold (first of all in its first sentence), and the document that it is cited from.
ANSWERABLE = [
    ("Who opens on Monday?", r"Shift lead Blue", "roster.xlsx"),
    ("Who opens on Thursday?", r"Shift lead Red", "roster.xlsx"),
    ("Which prep cook works on Saturday morning?", r"Prep cook South", "roster.xlsx"),
    ("When do we open on Monday?", r"7:00 AM", "roster.xlsx"),
    ("What time do we close on Sunday?", r"10:30 PM", "roster.xlsx"),
    ("Who works the salads station at lunch?", r"Crew 1\b", "roster.xlsx"),
    ("Who is on dishes for dinner?", r"Crew 8", "roster.xlsx"),
    ("When does the cashier's break start?", r"10:30 AM", "roster.xlsx"),
    ("How long is the grill operator's break?", r"30", "roster.xlsx"),
    ("How much does the lentil burger cost?", r"11\.25", "prices.xlsx"),
    ("How many calories does the cheese board have?", r"880", "prices.xlsx"),
    ("Who repairs the walk-in cooler?", r"Northwind", "contacts.csv"),
    ("What is the phone number for pest control?", r"555-0133", "contacts.csv"),
    ("When does the laundry come for linen and aprons?", r"Tuesday and Friday", "contacts.csv"),
    ("On which day is the glass bin collected?", r"Tuesday", "waste.csv"),
    ("By when must the paper bin be put out?", r"7 p\.m\. on Wednesday", "waste.csv"),
    ("When does the kitchen close?", r"9:30 p\.m\.", "house-rules.docx"),
    ("At what time is the alarm set?", r"11 p\.m\.", "house-rules.docx"),
    ("What is cleaned on Wednesday?", r"[Ss]team table", "house-rules.docx"),
    ("Who scrubs the hood filters on Monday?", r"Grill operator", "house-rules.docx"),
    ("Who keeps the key of the wine cellar?", r"Cellar manager", "house-rules.docx"),
    ("How long do we keep lost property?", r"60 days", "house-rules.docx"),
    ("May I wear large earrings in the kitchen?", r"[Ee]arrings", "house-rules.docx"),
    ("How do I clean the combi oven?", r"cool below 140|Steam burns", "combi-oven.md"),
    ("How do I replace the door gasket of the CX-6?", r"off at the wall|Steam burns", "combi-oven.md"),
    ("What does F-07 mean on the oven?", r"Fan blocked", "combi-oven.md"),
    ("What is the part number of the core probe?", r"CX6-3140", "combi-oven.md"),
    ("How heavy is the combi oven?", r"98 kg", "combi-oven.md"),
    ("What voltage does the combi oven need?", r"400 V", "combi-oven.md"),
    ("To what temperature do I preheat the combi oven?", r"400 °F|375 °F", None),
    ("How do I open the oven door safely?", r"hand's width", "combi-oven.md"),
    ("How cold must fresh fish be when it is delivered?", r"36 °F", "deliveries.txt"),
    ("What do we do with dented cans?", r"red shelf", "deliveries.txt"),
    ("Where is raw poultry stored?", r"lowest shelf", "deliveries.txt"),
    ("After how many days are opened sauces thrown away?", r"5 days", "deliveries.txt"),
    ("What sanitizer strength do cutting boards need?", r"200 ppm", "hygiene.html"),
    ("Which cloth is used for tables in the dining room?", r"yellow cloth", "hygiene.html"),
    ("How do I wash my hands?", r"Wet your hands", "hygiene.html"),
    ("What should I do if I cut myself?", r"Stop work|Wash the cut", "hygiene.html"),
    ("How long must I stay at home after vomiting?", r"48 hours", "hygiene.html"),
    ("When do we sharpen the chef's knife?", r"Sunday", "knife-course.srt"),
    ("How should I carry a knife?", r"point down", "knife-course.srt"),
    ("How often is the water filter of the ice machine changed?", r"every 6 months", "ice-machine.pdf"),
    ("What is the part number of the air filter of the ice machine?", r"IM-4425", "ice-machine.pdf"),
    ("How do I descale the ice machine?", r"Throw away all ice", "ice-machine.pdf"),
    ("What does the yellow lamp on the ice machine mean?", r"water filter is due", "ice-machine.pdf"),
    ("How long do I cool a burn under water?", r"20 minutes", "first-aid.pptx"),
    ("May I put butter on a burn?", r"Do not use ice or butter", "first-aid.pptx"),
]

UNANSWERABLE = [
    "Who opens on Christmas Day?",
    "Who closes on Monday?",
    "What is the phone number of the fire department?",
    "What is the hourly wage of a prep cook?",
    "When does the dish washer's shift end?",
    "How much does the veal schnitzel cost?",
    "How many calories does the tomato soup have?",
    "How much sugar is in the peach iced tea?",
    "Who repairs the coffee grinder?",
    "What is the phone number of the window cleaner's manager?",
    "On which day is the plastic bin collected?",
    "What does F-19 mean on the oven?",
    "What is the part number of the oven fan?",
    "How do I replace the light bulb of the combi oven?",
    "How wide is the combi oven?",
    "How long is the warranty of the combi oven?",
    "How do I connect the combi oven to Wi-Fi?",
    "How loud is the ice machine?",
    "What is the price of the ice machine's water filter?",
    "How do I move the ice machine to another room?",
    "What does the green lamp on the ice machine mean?",
    "How cold must fresh oysters be when they are delivered?",
    "How long may cooked pasta be kept?",
    "Which supplier delivers the bread?",
    "What sanitizer strength do the restrooms need?",
    "How do I treat a nosebleed?",
    "What should I do if a guest chokes?",
    "How do I make hollandaise sauce?",
    "What is the recipe of the lentil burger?",
    "How many seats does the dining room have?",
    "Who is the owner of the restaurant?",
    "When was the kitchen renovated?",
    "How do I reset the alarm code?",
    "What is the combination of the office safe?",
    "How do I fold napkins?",
    "How do I change the receipt paper?",
    "How much paid vacation does a cashier get?",
    "Where do I park my car?",
    "Is smoking allowed behind the building?",
    "Which wine fits the cheese board?",
    "How do I sharpen a bread knife with serrations?",
    "How many knives does the kitchen own?",
    "What is the voltage of the ice machine?",
    "How do I unblock the drain of the hand sink?",
]

# A second set, about samples/, written after the first had been used and before any of its own answers were looked at.
SAMPLES_ANSWERABLE = [
    ("What does code E-51 mean?", r"Basket lift jammed", "fryer-manual.pdf"),
    ("What causes E-41 on the fryer?", r"Contactor worn or stuck", "fryer-manual.pdf"),
    ("How many minutes do onion rings cook?", r"2:15", "fryer-manual.pdf"),
    ("What is the basket load for shrimp?", r"1\.0 lb", "fryer-manual.pdf"),
    ("In which vat are hash browns fried?", r"Left", "fryer-manual.pdf"),
    ("What is the cold zone of a vat?", r"below the elements", "fryer-manual.pdf"),
    ("Who may approve an oil change?", r"[Ss]hift manager", "fryer-manual.pdf"),
    ("How long does it take to clean the hood filters?", r"\b40\b", "cleaning-schedule.xlsx"),
    ("When is the next boil-out due?", r"03/07/2026", "cleaning-schedule.xlsx"),
    ("Who defrosts the freezer?", r"Shift manager", "cleaning-schedule.xlsx"),
    ("Which product is used for the floor drains?", r"Drain foam", "cleaning-schedule.xlsx"),
    ("What is the order number of the delimer?", r"HG-4533", "cleaning-schedule.xlsx"),
    ("How much does the degreaser cost?", r"19\.90", "cleaning-schedule.xlsx"),
    ("How cold must the walk-in cooler be?", r"41", None),
    ("How many tasks were planned for Sunday?", r"25", "cleaning-schedule.xlsx"),
    ("What is the serial number of the dish machine?", r"DM-88-10233", "equipment-notes.txt"),
    ("Until when is the tag of the fire system valid?", r"July 2026", "equipment-notes.txt"),
    ("Why was the romaine refused?", r"47 °F", "shift-handover.md"),
    ("How much was register 2 short?", r"1\.10", "shift-handover.md"),
    ("Does the Cobb Salad contain egg?", r"Cobb Salad.*Egg: contains", "allergens.csv"),
    ("Does the Garden Salad contain milk?", r"Garden Salad.*Milk: \(empty\)", "allergens.csv"),
    ("Are the onion rings fried in the left vat?", r"Left", "allergens.csv"),
    ("How often are gloves changed?", r"4 hours", "food-safety.pptx"),
    ("How long may food stay in the danger zone?", r"4 hours", "food-safety.pptx"),
]

SAMPLES_UNANSWERABLE = [
    "What does code E-99 mean?",
    "How many minutes do mozzarella sticks cook?",
    "What is the basket load for chicken wings?",
    "In which vat are churros fried?",
    "What is the gas pressure of the fryer?",
    "How long is the warranty of the fryer?",
    "Who repairs the toaster?",
    "How long does it take to clean the windows of the office?",
    "What is the order number of the paper towels?",
    "How much does a new grill cost?",
    "How cold must the wine fridge be?",
    "What is the serial number of the coffee machine?",
    "Which company inspects the fire system?",
    "Why was the salmon refused?",
    "How much was register 5 short?",
    "Does the Cobb Salad contain sulfites?",
    "Does the pumpkin soup contain milk?",
    "How many calories do the onion rings have?",
    "What is the hourly wage of the closing crew lead?",
    "How do I replace the compressor of the walk-in cooler?",
    "How do I program the timer of the toaster?",
    "What is the birthday of the shift manager?",
    "Which radio station is played in the kitchen?",
    "How do I tune the carburetor of the delivery van?",
]
