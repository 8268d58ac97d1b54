# SPDX-License-Identifier: AGPL-3.0-or-later
"""The cleaning schedule, cleaning-schedule.xlsx: five sheets, formulas with the values Excel would have cached."""
import datetime
import io

import xlsxwriter

from _facts import CHAIN, DATE, repack

MONDAY = datetime.date(2026, 3, 2)

# the last time of what is not done daily, as month and day
LAST = {"Wall and floor behind the fryer": (2, 23), "Boil-out, both vats": (2, 21), "Hood filters": (2, 25), "Walk-in cooler shelves": (2, 24),
        "Defrost and wipe the freezer": (2, 10), "Delime the dish machine": (2, 18), "Ice machine: empty, wash, sanitize": (3, 2)}

# task, station, role, minutes, product, every n days
TASKS = [
    ("Filter both fryer vats", "Fry station", "Fry station operator", 30, "Filter paper HG-4410", 0.5),
    ("Clean crumb catcher and filter pan", "Fry station", "Fry station operator", 15, "Detergent", 1),
    ("Clean baskets and lift arms", "Fry station", "Fry station operator", 10, "Dish machine", 1),
    ("Wall and floor behind the fryer", "Fry station", "Closing crew lead", 25, "Degreaser", 7),
    ("Boil-out, both vats", "Fry station", "Shift manager", 90, "Boil-out cleaner HG-4431", 14),
    ("Scrape and clean the grill", "Grill", "Grill operator", 25, "Grill cleaner", 1),
    ("Empty the grease tray", "Grill", "Grill operator", 10, "None", 1),
    ("Hood filters", "Grill", "Closing crew lead", 40, "Dish machine", 7),
    ("Wipe food contact surfaces", "Prep line", "Prep cook", 15, "Sanitizer 200 ppm", 1),
    ("Slicer: take apart, wash, sanitize", "Prep line", "Prep cook", 20, "Sanitizer 200 ppm", 1),
    ("Walk-in cooler shelves", "Cold storage", "Closing crew lead", 45, "Detergent", 7),
    ("Defrost and wipe the freezer", "Cold storage", "Shift manager", 60, "None", 30),
    ("Delime the dish machine", "Dish area", "Shift manager", 50, "Delimer", 30),
    ("Floor drains", "Dish area", "Closing crew lead", 20, "Drain foam", 1),
    ("Ice machine: empty, wash, sanitize", "Beverage", "Maintenance technician", 75, "Ice machine cleaner", 90),
    ("Soda nozzles and drip trays", "Beverage", "Front counter crew", 10, "Sanitizer 200 ppm", 1),
]
DONE = [("Monday", 24, 24), ("Tuesday", 22, 21), ("Wednesday", 23, 23), ("Thursday", 22, 19), ("Friday", 22, 22), ("Saturday", 22, 20), ("Sunday", 25, 24)]
SUPPLIES = [("Filter paper 14 × 22 in", "HG-4410", 4, 38.50), ("Filter powder, 90 cups", "HG-4412", 2, 61.25), ("Boil-out cleaner, 4 gallons", "HG-4431", 1, 84.00),
            ("Quaternary sanitizer, 1 gallon", "HG-4502", 3, 22.75), ("Degreaser, 1 gallon", "HG-4510", 2, 19.90), ("Delimer, 1 gallon", "HG-4533", 1, 27.40),
            ("Polar compound test strips, 50", "HG-4450", 1, 96.00)]
TEMPS = [("Dish machine final rinse", 180, "at least"), ("Wash sink water", 110, "at least"), ("Walk-in cooler", 41, "at most"), ("Freezer", 0, "at most"), ("Boil-out water", 195, "about")]


def cleaning_schedule() -> bytes:
    out = io.BytesIO()
    wb = xlsxwriter.Workbook(out, {"in_memory": True})
    wb.set_properties({"title": "Cleaning Schedule", "author": CHAIN, "subject": "HG-OP-030", "company": CHAIN, "created": DATE})

    def fmt(**kw):
        return wb.add_format({"font_name": "Calibri", "font_size": 10.5, "valign": "vcenter", **kw})
    title = fmt(bold=True, font_size=16, font_color="white", bg_color="#12324A")
    head = fmt(bold=True, font_color="white", bg_color="#0F7C86", border=1, border_color="#C9D1D6", text_wrap=True)
    line = {"border": 1, "border_color": "#C9D1D6"}
    text, whole, wrap = fmt(**line), fmt(num_format="0", **line), fmt(text_wrap=True)
    date, pct, money = fmt(num_format="mm/dd/yyyy", **line), fmt(num_format="0.0%", **line), fmt(num_format="$#,##0.00", **line)
    hours, bold, boldmoney = fmt(num_format="0.0", **line), fmt(bold=True, **line), fmt(bold=True, num_format="$#,##0.00", **line)
    clock, zone = fmt(num_format="h:mm AM/PM", **line), fmt(bold=True, bg_color="#F3EFE6", align="center", **line)
    degf, degc = fmt(num_format='0" °F"', **line), fmt(num_format='0.0" °C"', **line)

    def start(name, caption, columns, widths):
        ws = wb.add_worksheet(name)
        ws.merge_range(0, 0, 0, len(columns) - 1, caption, title)
        ws.set_row(0, 28)
        for c, (h, w) in enumerate(zip(columns, widths)):
            ws.write(2, c, h, head)
            ws.set_column(c, c, w)
        ws.set_row(2, 30)
        ws.freeze_panes(3, 0)
        ws.set_landscape()
        ws.fit_to_pages(1, 0)
        ws.set_footer("&LHG-OP-030, Revision 5&RPage &P of &N")
        return ws

    ws = start("Tasks", "Harbor Grill Cleaning Schedule, March 2026", ["Task", "Station", "Role", "Minutes", "Product", "Every (days)", "Last done", "Next due", "Hours a week"],
               [38, 14, 24, 10, 27, 10, 13, 13, 10])
    for i, (task, station, role, minutes, product, every) in enumerate(TASKS):
        r = 3 + i
        last = datetime.date(2026, *LAST[task]) if every > 1 else MONDAY
        due = last + datetime.timedelta(days=max(1, int(every)))
        ws.write_row(r, 0, [task, station, role], text)
        ws.write(r, 3, minutes, whole)
        ws.write(r, 4, product, text)
        ws.write(r, 5, every, fmt(num_format="General", **line))
        ws.write_datetime(r, 6, datetime.datetime.combine(last, datetime.time()), date)
        ws.write_formula(r, 7, f"=G{r + 1}+MAX(1,INT(F{r + 1}))", date, (due - datetime.date(1899, 12, 30)).days)
        ws.write_formula(r, 8, f"=D{r + 1}*7/F{r + 1}/60", hours, minutes * 7 / every / 60)
    end = 3 + len(TASKS)
    ws.write(end, 0, "Total", bold)
    ws.write_formula(end, 8, f"=SUM(I4:I{end})", fmt(bold=True, num_format="0.0", **line), sum(t[3] * 7 / t[5] / 60 for t in TASKS))
    ws.write_comment("F4", "0.5 means twice a day: after the lunch peak and at closing. See section 6.1 of the fryer manual.", {"author": "Operations Manager", "x_scale": 2})

    ws = start("Weekly plan", "Weekly plan by shift", ["Shift", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"], [16] + [21] * 7)
    ws.merge_range("A4:A5", "Opening 5:30 a.m.", zone)
    ws.merge_range("A6:A7", "Closing 10:00 p.m.", zone)
    ws.write_row(3, 1, ["Beverage station", "Prep line deep clean", "Beverage station", "Prep line deep clean", "Beverage station", "Lot and windows", "Lot and windows"], text)
    ws.merge_range("B5:H5", "Every day: sanitizer buckets, hand sinks, restrooms", zone)
    ws.write_row(5, 1, ["Wall behind the fryer", "Walk-in cooler shelves", "Hood filters", "Dry storage", "Trash area", "Floor drains, foam", "Boil-out (even weeks)"], text)
    ws.merge_range("B7:H7", "Every day: filter both vats, clean the grill, mop the floors", zone)

    ws = start("Completion", "Completion in the week of March 2, 2026", ["Day", "Date", "Planned", "Done", "Share done", "Closed at"], [16, 14, 11, 11, 13, 13])
    for i, (day, planned, done) in enumerate(DONE):
        r = 3 + i
        ws.write(r, 0, day, text)
        ws.write_datetime(r, 1, datetime.datetime.combine(MONDAY + datetime.timedelta(days=i), datetime.time()), date)
        ws.write(r, 2, planned, whole)
        ws.write(r, 3, done, whole)
        ws.write_formula(r, 4, f"=D{r + 1}/C{r + 1}", pct, done / planned)
        ws.write_number(r, 5, (22 * 60 + 40 + (i * 7) % 25) / 1440, clock)
    p, q = sum(d[1] for d in DONE), sum(d[2] for d in DONE)
    ws.write(10, 0, "Week", bold)
    ws.write(10, 1, "", bold)
    ws.write_formula("C11", "=SUM(C4:C10)", fmt(bold=True, num_format="0", **line), p)
    ws.write_formula("D11", "=SUM(D4:D10)", fmt(bold=True, num_format="0", **line), q)
    ws.write_formula("E11", "=D11/C11", fmt(bold=True, num_format="0.0%", **line), q / p)
    ws.merge_range("A13:F13", "Target: 95 % of the planned tasks. Below 90 % the shift manager calls the district office.", wrap)
    ws.set_row(12, 34)

    ws = start("Supplies", "Cleaning supplies, monthly order", ["Item", "Order number", "Quantity", "Unit price", "Amount"], [38, 15, 11, 13, 13])
    for i, (item, number, n, price) in enumerate(SUPPLIES):
        r = 3 + i
        ws.write_row(r, 0, [item, number], text)
        ws.write(r, 2, n, whole)
        ws.write(r, 3, price, money)
        ws.write_formula(r, 4, f"=C{r + 1}*D{r + 1}", money, n * price)
    end = 3 + len(SUPPLIES)
    total = sum(s[2] * s[3] for s in SUPPLIES)
    for k, (label, formula, value) in enumerate([("Subtotal", f"=SUM(E4:E{end})", total), ("Volume discount 4 %", f"=-ROUND(E{end + 1}*0.04,2)", -round(total * 0.04, 2)),
                                                  ("Order total", f"=E{end + 1}+E{end + 2}", total - round(total * 0.04, 2))]):
        ws.merge_range(end + k, 0, end + k, 3, label, bold)
        ws.write_formula(end + k, 4, formula, boldmoney, value)

    ws = start("Temperatures", "Temperatures for cleaning and storage", ["Where", "Limit", "°F", "°C"], [32, 12, 12, 12])
    for i, (where, f, kind) in enumerate(TEMPS):
        r = 3 + i
        ws.write_row(r, 0, [where, kind], text)
        ws.write(r, 2, f, degf)
        ws.write_formula(r, 3, f"=(C{r + 1}-32)*5/9", degc, (f - 32) * 5 / 9)
    wb.close()
    return repack(out.getvalue())
