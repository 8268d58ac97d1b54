# SPDX-License-Identifier: AGPL-3.0-or-later
"""The fryer manual: text, tables, figures and page design of fryer-manual.pdf."""
import io

from reportlab.graphics.shapes import Circle, Drawing, Line, Polygon, Rect, String
from reportlab.lib import colors
from reportlab.lib.enums import TA_LEFT
from reportlab.lib.pagesizes import letter
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import inch
from reportlab.platypus import (BaseDocTemplate, CondPageBreak, Frame, KeepTogether, ListFlowable, ListItem,
                                NextPageTemplate, PageBreak, PageTemplate, Paragraph, Spacer, Table, TableStyle)
from reportlab.platypus.tableofcontents import TableOfContents

from _facts import CHAIN, COOKING, ERRORS, FRYER

NAVY, TEAL, SAND = colors.HexColor("#12324a"), colors.HexColor("#0f7c86"), colors.HexColor("#f3efe6")
GREY, RULE, RED, AMBER = colors.HexColor("#5b6770"), colors.HexColor("#c9d1d6"), colors.HexColor("#b3261e"), colors.HexColor("#b26a00")
NUMBER, REVISION = "HG-EQ-014", "Revision 4, March 2026"
W, H = letter
MARGIN = 0.9 * inch
WIDTH = W - 2 * MARGIN


def style(name, **kw):
    base = dict(fontName="Helvetica", fontSize=10, leading=14.2, textColor=colors.HexColor("#1d252b"), alignment=TA_LEFT)
    return ParagraphStyle(name, **{**base, **kw})


BODY = style("Body", spaceAfter=7)
H1 = style("Heading1", fontName="Helvetica-Bold", fontSize=19, leading=23, textColor=NAVY, spaceAfter=10)
H2 = style("Heading2", fontName="Helvetica-Bold", fontSize=12.5, leading=16, textColor=TEAL, spaceBefore=10, spaceAfter=5)
CELL = style("Cell", fontSize=8.8, leading=11.4)
HEADCELL = style("HeadCell", fontName="Helvetica-Bold", fontSize=8.8, leading=11.4, textColor=colors.white)
CAPTION = style("Caption", fontName="Helvetica-Oblique", fontSize=9, leading=12, textColor=GREY, spaceBefore=4, spaceAfter=10)
SMALL = style("Small", fontSize=8.6, leading=11.6, textColor=GREY)
ITEM = style("Item", spaceAfter=2)
GLOSS = style("Gloss", fontSize=9.2, leading=12.4, spaceAfter=6.5)


class Manual(BaseDocTemplate):
    """Header, footer, outline entries and table of contents come from the headings as they are placed."""

    def __init__(self, out, total):
        super().__init__(out, pagesize=letter, title=f"{FRYER} Fryer: Operation, Cleaning and Service Manual", author=CHAIN,
                         subject="Deep fryer manual", creator="samples/make.py", keywords=[CHAIN, FRYER, "fryer", "manual"],
                         leftMargin=MARGIN, rightMargin=MARGIN, invariant=1, lang="en-US")
        self.total, self.section, self.marks = total, "", 0
        top, bottom = H - 1.05 * inch, 0.95 * inch
        one = Frame(MARGIN, bottom, WIDTH, top - bottom, 0, 0, 0, 0, id="one")
        gap, head = 0.32 * inch, 0.95 * inch
        half = (WIDTH - gap) / 2
        title = Frame(MARGIN, top - head, WIDTH, head, 0, 0, 0, 0, id="title")
        columns = [Frame(MARGIN + i * (half + gap), bottom, half, top - bottom - head, 0, 0, 0, 0, id=f"col{i}") for i in (0, 1)]
        self.addPageTemplates([
            PageTemplate("cover", [Frame(MARGIN, bottom, WIDTH, top - bottom, 0, 0, 0, 0)], onPage=self.cover),
            PageTemplate("body", [one], onPageEnd=self.frame),
            PageTemplate("columns", [title, *columns], onPageEnd=self.frame)])

    def afterFlowable(self, flowable):
        level = {"Heading1": 0, "Heading2": 1}.get(getattr(getattr(flowable, "style", None), "name", ""))
        if level is None:
            return
        text = flowable.getPlainText()
        key = f"h{self.marks}"
        self.marks += 1
        if level == 0:
            self.section = text
        self.canv.bookmarkPage(key)
        self.canv.addOutlineEntry(text, key, level, closed=False)
        if text != "Contents":
            self.notify("TOCEntry", (level, text, self.page, key))

    def beforeDocument(self):
        self.marks, self.section = 0, ""

    def frame(self, c, _doc):
        c.saveState()
        c.setStrokeColor(RULE)
        c.setLineWidth(0.6)
        c.line(MARGIN, H - 0.78 * inch, W - MARGIN, H - 0.78 * inch)
        c.line(MARGIN, 0.72 * inch, W - MARGIN, 0.72 * inch)
        c.setFillColor(GREY)
        c.setFont("Helvetica-Bold", 8.2)
        c.drawString(MARGIN, H - 0.68 * inch, CHAIN)
        c.setFont("Helvetica", 8.2)
        c.drawString(MARGIN + c.stringWidth(CHAIN + "  ", "Helvetica-Bold", 8.2), H - 0.68 * inch, f"{FRYER} Fryer Manual")
        c.drawRightString(W - MARGIN, H - 0.68 * inch, self.section)
        c.drawString(MARGIN, 0.55 * inch, f"{NUMBER}  {REVISION}")
        c.drawRightString(W - MARGIN, 0.55 * inch, f"Page {c.getPageNumber()} of {self.total}")
        c.restoreState()

    def cover(self, c, _doc):
        c.saveState()
        c.setFillColor(NAVY)
        c.rect(0, H * 0.47, W, H * 0.53, stroke=0, fill=1)
        c.setFillColor(TEAL)
        c.rect(0, H * 0.47 - 8, W, 8, stroke=0, fill=1)
        c.setFillColor(colors.white)
        c.setFont("Helvetica-Bold", 15)
        c.drawString(MARGIN, H - 1.15 * inch, CHAIN)
        c.setFont("Helvetica", 10)
        c.drawString(MARGIN, H - 1.36 * inch, "Restaurant Equipment Library")
        c.setFont("Helvetica-Bold", 40)
        c.drawString(MARGIN, H - 3.1 * inch, f"{FRYER} Fryer")
        c.setFont("Helvetica", 17)
        c.drawString(MARGIN, H - 3.55 * inch, "Operation, Cleaning and Service Manual")
        c.setFillColor(NAVY)
        for i, (label, value) in enumerate([("Document", NUMBER), ("Revision", "4"), ("Effective", "March 2, 2026"),
                                            ("For", "Fry station operators, shift managers, maintenance technicians")]):
            y = H * 0.47 - 1.0 * inch - i * 20
            c.setFont("Helvetica-Bold", 10)
            c.drawString(MARGIN, y, label)
            c.setFont("Helvetica", 10)
            c.drawString(MARGIN + 1.1 * inch, y, value)
        c.setFillColor(RED)
        c.rect(MARGIN, 1.45 * inch, 4, 0.72 * inch, stroke=0, fill=1)
        c.setFont("Helvetica-Bold", 10)
        c.drawString(MARGIN + 14, 1.97 * inch, "Read section 2 before you switch the fryer on.")
        c.setFillColor(colors.HexColor("#1d252b"))
        c.setFont("Helvetica", 9.5)
        c.drawString(MARGIN + 14, 1.75 * inch, "Hot oil causes severe burns. Only trained crew members may operate, filter or clean the fryer.")
        c.drawString(MARGIN + 14, 1.55 * inch, "Keep this manual within reach of the fry station.")
        c.restoreState()


def P(text):
    return Paragraph(text, BODY)


def steps(*items):
    return ListFlowable([ListItem(Paragraph(i, ITEM), spaceAfter=3) for i in items], bulletType="1", bulletFormat="%s.",
                        leftIndent=20, bulletFontName="Helvetica-Bold", bulletFontSize=10, bulletColor=TEAL, spaceAfter=8)


def bullets(*items):
    return ListFlowable([ListItem(Paragraph(i, ITEM), spaceAfter=2) for i in items], bulletType="bullet", start="\u2022",
                        leftIndent=16, bulletFontSize=10, bulletColor=TEAL, spaceAfter=8)


def table(head, rows, widths):
    data = [[Paragraph(x, HEADCELL) for x in head]] + [[Paragraph(x, CELL) for x in r] for r in rows]
    t = Table(data, colWidths=[w * WIDTH for w in widths], repeatRows=1)
    t.setStyle(TableStyle([("BACKGROUND", (0, 0), (-1, 0), NAVY), ("VALIGN", (0, 0), (-1, -1), "TOP"),
                           ("ROWBACKGROUNDS", (0, 1), (-1, -1), [colors.white, SAND]), ("GRID", (0, 0), (-1, -1), 0.4, RULE),
                           ("LEFTPADDING", (0, 0), (-1, -1), 6), ("RIGHTPADDING", (0, 0), (-1, -1), 6),
                           ("TOPPADDING", (0, 0), (-1, -1), 4), ("BOTTOMPADDING", (0, 0), (-1, -1), 4)]))
    return t


def notice(word, text, color):
    t = Table([[Paragraph(f'<font color="{color.hexval().replace("0x", "#")}"><b>{word}</b></font>', BODY), Paragraph(text, CELL)]],
              colWidths=[0.17 * WIDTH, 0.83 * WIDTH])
    t.setStyle(TableStyle([("LINEBEFORE", (0, 0), (0, 0), 4, color), ("BACKGROUND", (0, 0), (-1, -1), SAND), ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
                           ("TOPPADDING", (0, 0), (-1, -1), 6), ("BOTTOMPADDING", (0, 0), (-1, -1), 6), ("LEFTPADDING", (0, 0), (0, 0), 10)]))
    return KeepTogether([t, Spacer(1, 8)])


def warning(text):
    return notice("WARNING", text, RED)


def caution(text):
    return notice("CAUTION", text, AMBER)


def note(text):
    return notice("NOTE", text, TEAL)


def label(d, x, y, text, size=8, anchor="start", bold=False, color=NAVY):
    d.add(String(x, y, text, fontName="Helvetica-Bold" if bold else "Helvetica", fontSize=size, fillColor=color, textAnchor=anchor))


def callout(d, n, x, y, tx, ty):
    d.add(Line(x, y, tx, ty, strokeColor=GREY, strokeWidth=0.7))
    d.add(Circle(tx, ty, 1.6, fillColor=GREY, strokeColor=GREY))
    d.add(Circle(x, y, 8, fillColor=TEAL, strokeColor=TEAL))
    label(d, x, y - 3, str(n), 8.5, "middle", True, colors.white)


def box(d, x, y, w, h, fill=colors.white, stroke=NAVY, width=1):
    d.add(Rect(x, y, w, h, fillColor=fill, strokeColor=stroke, strokeWidth=width))


def figure_front():
    d = Drawing(WIDTH, 222)
    x0 = 118
    steel, oil = colors.HexColor("#e7ecef"), colors.HexColor("#e9c46a")
    for fx in (x0 + 8, x0 + 216):
        box(d, fx, 4, 14, 10, GREY, GREY)
    box(d, x0, 14, 238, 176, steel)
    box(d, x0, 190, 238, 14, colors.HexColor("#d5dde2"))
    box(d, x0 + 12, 150, 214, 32, NAVY)
    for i, word in enumerate(("350", "340")):
        bx = x0 + 22 + i * 108
        box(d, bx, 158, 46, 16, colors.black, GREY, 0.6)
        label(d, bx + 23, 162, word, 10, "middle", True, colors.HexColor("#7ee0b5"))
        for k in range(3):
            d.add(Circle(bx + 58 + k * 14, 166, 4.4, fillColor=SAND, strokeColor=GREY, strokeWidth=0.5))
    for i in (0, 1):
        vx = x0 + 16 + i * 108
        box(d, vx, 84, 98, 56, colors.white)
        box(d, vx, 84, 98, 42, oil, NAVY)
        label(d, vx + 49, 100, ("Left vat", "Right vat")[i], 8, "middle")
        d.add(Line(vx + 72, 126, vx + 94, 148, strokeColor=GREY, strokeWidth=2))
    box(d, x0 + 16, 20, 98, 54)
    box(d, x0 + 124, 20, 98, 54)
    d.add(Circle(x0 + 104, 47, 3, fillColor=GREY, strokeColor=GREY))
    d.add(Circle(x0 + 134, 47, 3, fillColor=GREY, strokeColor=GREY))
    box(d, x0 + 24, 26, 60, 18, SAND)
    label(d, x0 + 54, 32, "Filter pan", 7, "middle")
    d.add(Circle(x0 + 186, 56, 6, fillColor=RED, strokeColor=NAVY))
    box(d, x0 + 150, 30, 40, 8, TEAL, NAVY)
    callout(d, 1, 40, 166, x0 + 26, 166)
    callout(d, 2, 40, 108, x0 + 22, 108)
    callout(d, 3, 40, 34, x0 + 26, 34)
    callout(d, 4, 424, 142, x0 + 214, 142)
    callout(d, 5, 424, 56, x0 + 192, 56)
    callout(d, 6, 424, 28, x0 + 188, 33)
    return d


def figure_filter():
    d = Drawing(WIDTH, 118)
    names = [("Vat", "300 °F or below"), ("Drain valve", "OPEN"), ("Filter pan", "paper, 1 sheet"), ("Pump", "5 minutes"), ("Return valve", "OPEN")]
    w, gap = 74, 24
    for i, (a, b) in enumerate(names):
        x = i * (w + gap)
        box(d, x, 52, w, 44, SAND if i != 2 else colors.HexColor("#d9eef0"))
        label(d, x + w / 2, 78, a, 9, "middle", True)
        label(d, x + w / 2, 63, b, 7.6, "middle", color=GREY)
        if i:
            d.add(Line(x - gap + 2, 74, x - 5, 74, strokeColor=TEAL, strokeWidth=1.6))
            d.add(Polygon([x - 1, 74, x - 8, 78, x - 8, 70], fillColor=TEAL, strokeColor=TEAL))
    end = 4 * (w + gap) + w / 2
    d.add(Line(end, 52, end, 24, strokeColor=TEAL, strokeWidth=1.6))
    d.add(Line(end, 24, w / 2, 24, strokeColor=TEAL, strokeWidth=1.6))
    d.add(Line(w / 2, 24, w / 2, 44, strokeColor=TEAL, strokeWidth=1.6))
    d.add(Polygon([w / 2, 51, w / 2 - 4, 44, w / 2 + 4, 44], fillColor=TEAL, strokeColor=TEAL))
    label(d, WIDTH / 2 - 20, 29, "clean oil back to the same vat", 8, "middle", color=GREY)
    return d


def figure_panel():
    d = Drawing(WIDTH, 120)
    box(d, 40, 14, 350, 92, NAVY)
    box(d, 58, 48, 104, 42, colors.black, GREY)
    label(d, 110, 61, "E-21", 24, "middle", True, colors.HexColor("#ff8a80"))
    for i, word in enumerate(("ON / OFF", "IDLE", "FILTER")):
        box(d, 184 + i * 66, 60, 54, 26, SAND)
        label(d, 211 + i * 66, 69, word, 8, "middle", True)
    label(d, 110, 28, "Display A: left vat", 8, "middle", color=colors.white)
    label(d, 277, 40, "Keys act on the vat whose display is lit", 8, "middle", color=colors.white)
    d.add(Circle(424, 60, 13, fillColor=RED, strokeColor=NAVY, strokeWidth=1.5))
    label(d, 424, 34, "High-limit reset", 8, "middle", True)
    label(d, 424, 23, "behind lower door", 7.4, "middle", color=GREY)
    return d


GLOSSARY = [
    ("Boil-out", "Cleaning a drained vat with hot water and fryer cleaner to remove burnt-on film."),
    ("Breading load", "The crumbs that breaded products leave in the oil during a shift."),
    ("Closing crew lead", "The role that shuts the kitchen down and signs the closing checklist."),
    ("Cold zone", "The deep part of the vat below the elements where crumbs settle without burning."),
    ("Contactor", "The power switch that turns the heating elements on and off."),
    ("Core temperature", "The temperature in the thickest part of a product, measured with a probe."),
    ("Crumb catcher", "The removable screen above the drain that holds large crumbs."),
    ("Drain rod", "The steel rod that clears crumbs from the drain valve seat."),
    ("Filter pan", "The pan on rails in the lower left cabinet that holds the filter paper and the pump pick-up."),
    ("Filter powder", "The fine powder that binds dissolved particles while the oil runs through the paper."),
    ("Flash point", "The temperature at which oil vapor can ignite; above 600 °F (316 °C) for fresh oil."),
    ("Fry station operator", "The role trained to cook, filter and clean at the fryer."),
    ("High limit", "The cut-out that stops the heat at 425 °F (218 °C), independent of the controller."),
    ("Idle", "A holding temperature of 250 °F (121 °C) that spares the oil between peaks."),
    ("Isolator", "The wall switch that cuts all power to the fryer."),
    ("MAX and MIN marks", "The two lines on the back wall of each vat between which the cold oil must stand."),
    ("Pick-up tube", "The tube through which the pump draws oil from the filter pan."),
    ("Polar compounds", "What oil turns into as it ages; the share is read with a test strip or probe."),
    ("Recovery time", "The time a vat needs to reach its set point again after a basket is lowered."),
    ("Return valve", "The valve that lets filtered oil flow back into a vat."),
    ("Set point", "The oil temperature the controller holds while the vat is ready to cook."),
    ("Shift manager", "The role in charge of the restaurant during a shift; approves oil changes."),
    ("Smoke point", "The temperature at which oil smokes; it falls as the oil ages."),
    ("Top-up", "Adding fresh oil to bring the level back to the MAX mark."),
    ("Vat", "One of the two oil tanks of the fryer."),
    ("Weir", "The low edge at the front of the vat that keeps foam from running over."),
]


def story():
    s = [NextPageTemplate("body"), Spacer(1, 1), PageBreak()]
    toc = TableOfContents()
    toc.dotsMinLevel = 0
    toc.tableStyle = TableStyle([("TOPPADDING", (0, 0), (-1, -1), 1.2), ("BOTTOMPADDING", (0, 0), (-1, -1), 1.2), ("LEFTPADDING", (0, 0), (-1, -1), 0)])
    toc.levelStyles = [style("T1", fontName="Helvetica-Bold", fontSize=10, leading=12.5, spaceBefore=1),
                       style("T2", fontSize=9, leading=10.5, leftIndent=16, textColor=GREY)]
    s += [Paragraph("Contents", H1), toc, PageBreak()]

    s += [Paragraph("1 About this manual", H1),
          P(f"This manual covers the {FRYER} two-vat electric deep fryer as installed in every {CHAIN} restaurant. It explains how to start, use, "
            "filter, clean and check the fryer, and what to do when the display shows an error code."),
          Paragraph("1.1 Who does what", H2),
          table(["Role", "May do", "Must not do"], [
              ["Fry station operator", "Start-up, cooking, filtering, daily cleaning, clearing codes E-31, E-32, E-44, E-51 and E-75", "Open the control box, press the high-limit reset"],
              ["Shift manager", "All of the above, oil change, boil-out, one high-limit reset", "Electrical work"],
              ["Maintenance technician", "All work in this manual, sensor and contactor replacement", "Bypass a safety device"]], [.22, .44, .34]),
          Spacer(1, 8),
          Paragraph("1.2 Signs used in this manual", H2),
          warning("A hazard that can cause severe burns, electric shock, fire or death."),
          caution("A hazard that can cause minor injury or damage the fryer or the oil."),
          note("Advice that saves time or oil."),
          Paragraph("1.3 Related documents", H2),
          bullets("Closing Checklist (HG-OP-021): the steps at the end of the day, in order.",
                  "Cleaning Schedule (HG-OP-030): who cleans what, and when.",
                  "Food Safety Basics (HG-TR-005): the training slides for new crew members.",
                  "Allergen Matrix (HG-FS-011): which menu items share a vat."), PageBreak()]

    s += [Paragraph("2 Safety", H1),
          warning("Hot oil at 350 °F (177 °C) burns skin in less than one second. Wear the apron, the heat-resistant gloves and the face shield whenever you filter, drain or move oil."),
          warning("Never put water, ice or wet products into hot oil. Water turns to steam at once and throws oil out of the vat."),
          warning("Never carry hot oil. Drain it into the filter pan or into the closed oil cart, and only when the oil is below 120 °F (49 °C) move the cart outside."),
          Paragraph("2.1 Before each shift", H2),
          bullets("Floor in front of the fryer is dry and free of oil.", "Both baskets hang straight and no wire is broken.",
                  "Hood filters are in place and the exhaust fan runs.", "Class K extinguisher and fire blanket are in reach and not blocked.",
                  "Gloves have no holes and are dry inside."),
          Paragraph("2.2 If oil catches fire", H2),
          steps("Press the red emergency stop on the wall. It cuts power to the fryer and the hood fan.",
                "Pull the handle of the hood fire system if the flames do not die at once.",
                "Use the Class K extinguisher. Never use water and never move the burning vat.",
                "Get everybody out and call the fire service. Report to the shift manager.",
                "Do not use the fryer again until a maintenance technician has released it."),
          Paragraph("2.3 Burns", H2),
          P("Cool the burn under cool running water for 20 minutes. Do not use ice, butter or cream. Cover it loosely with a clean, non-stick dressing. "
            "Call emergency services for burns on the face, for burns larger than the palm of the hand, and when in doubt. Record every burn in the incident log."), PageBreak()]

    s += [Paragraph(f"3 The {FRYER} at a glance", H1),
          P("The fryer has two independent vats. The left vat is for potato and vegetable products. The right vat is for chicken and seafood. Keep this order: it is what the allergen matrix is built on."),
          KeepTogether([figure_front(), Paragraph("Figure 1. Front view with the lower doors removed", CAPTION)]),
          table(["No.", "Part", "What it is for"], [
              ["1", "Control panel", "Set point, timers and error codes, one display a vat"],
              ["2", "Vat with MAX and MIN marks", "Holds 50 lb (22.7 kg) of oil"],
              ["3", "Filter pan on rails", "Holds paper, powder and the pick-up tube"],
              ["4", "Basket lift", "Raises the basket when the timer ends"],
              ["5", "High-limit reset button", "Restores heat after an over-temperature trip"],
              ["6", "Drain valve handle", "Opens to the filter pan; must be CLOSED before heating"]], [.08, .38, .54]), PageBreak(),
          Paragraph("4 Technical data", H1),
          Paragraph("4.1 Fryer", H2),
          table(["Property", "Value", "Remark"], [
              ["Supply", "208 V, 3 phase, 60 Hz", "Dedicated circuit with wall isolator"],
              ["Power", "2 × 14 kW", "One contactor a vat"],
              ["Oil per vat", "50 lb (22.7 kg)", "About 6.5 gallons (24.6 liters)"],
              ["Set point range", "200 to 375 °F (93 to 191 °C)", "Locked to the cooking table in section 5"],
              ["Idle temperature", "250 °F (121 °C)", "Starts by itself after 20 minutes without a timer"],
              ["High limit", "425 °F (218 °C)", "Independent cut-out, code E-21"],
              ["Heat-up, 75 to 350 °F", "11 minutes", "Cold solid shortening: add 9 minutes in melt mode"],
              ["Recovery after a full basket", "under 90 seconds", "Longer times point to E-41 or to worn elements"],
              ["Width × depth × height", "31 × 30 × 45 in (79 × 76 × 114 cm)", "Leave 6 in (15 cm) to the wall"],
              ["Weight, empty", "342 lb (155 kg)", "Move only on its casters and with empty vats"]], [.27, .35, .38]),
          Spacer(1, 6),
          Paragraph("4.2 Oil", H2),
          table(["Property", "Value"], [
              ["Type", "High-oleic canola oil, no added trans fat"], ["Discard point", "24 % total polar compounds, or dark, foaming or smoking below 375 °F (191 °C)"],
              ["Storage", "Below 75 °F (24 °C), closed, away from light"], ["Usual life", "7 days, filtered as in section 6 and topped up daily"]], [.27, .73]),
          Spacer(1, 6),
          Paragraph("4.3 Consumables", H2),
          table(["Item", "Order number", "Pack"], [
              ["Filter paper 14 × 22 in", "HG-4410", "100 sheets"], ["Filter powder, portion cups", "HG-4412", "90 cups of 8 oz (227 g)"],
              ["Boil-out cleaner", "HG-4431", "4 bottles of 1 gallon (3.8 liters)"], ["Polar compound test strips", "HG-4450", "50 strips"]], [.44, .26, .30]), PageBreak()]

    s += [Paragraph("5 Daily operation", H1),
          Paragraph("5.1 Start-up", H2),
          steps("Check that both drain valve handles point to CLOSED.", "Check that the cold oil stands between the MIN and MAX marks. Top up if needed.",
                "Switch the exhaust fan on and wait until the air-flow light is green.", "Turn the wall isolator to ON.",
                "Press ON / OFF for each vat. The display shows the oil temperature.",
                "Wait for the READY light. From cold this takes 11 minutes.",
                "Check each vat with the probe thermometer. The reading must be within 5 °F (3 °C) of the display. Write it in the temperature log."),
          caution("Do not lower a basket before READY. Products soak up cold oil and miss their core temperature."),
          Paragraph("5.2 Cooking table", H2),
          table(["Product", "Vat", "°F", "°C", "Basket load", "Minutes", "Core"], [list(r) for r in COOKING], [.21, .1, .08, .08, .21, .11, .21]),
          Spacer(1, 6),
          P("Fill a basket at most half. Shake fries once after 30 seconds. Let every basket drain for 10 seconds above the vat before you empty it."),
          Paragraph("5.3 Idle and shut-down", H2),
          P("Press IDLE when no order is expected for 15 minutes. At the end of the day press ON / OFF for both vats, filter (section 6), cover the vats and turn the isolator to OFF. Leave the exhaust fan on for 10 more minutes."), PageBreak()]

    s += [Paragraph("6 Oil care", H1),
          Paragraph("6.1 How often to filter the oil", H2),
          P("<b>Filter the fryer oil in each vat twice a day: once after the lunch peak, between 2 and 4 p.m., and once at closing.</b> "
            "Never let a vat fry for more than 8 hours between two filterings. Filter the right vat a third time, before the dinner peak, on days when more than 40 lb (18 kg) of breaded products are sold."),
          P("The controller counts the hours of frying and shows E-75 when a filtering is overdue."),
          Paragraph("6.2 Filtering a vat", H2),
          warning("Wear apron, gloves and face shield. Keep other crew members one step away until the drain valve is closed again."),
          steps("Let the oil cool to 300 °F (149 °C) or below: press FILTER and wait for the tone.",
                "Put one sheet of filter paper into the pan, sprinkle one cup of filter powder on it and fit the hold-down ring.",
                "Slide the pan in until it clicks. Open the drain valve slowly, with a quarter turn first.",
                "Brush crumbs from the walls of the vat towards the drain.",
                "Press PUMP and open the return valve. Let the oil run in a circle for 5 minutes.",
                "Close the drain valve. Wait until the vat is full and air bubbles rise, then stop the pump and close the return valve.",
                "Top up to the MAX mark. Throw the paper away in the metal crumb bin, never in a plastic bag: hot crumbs can ignite by themselves.",
                "Initial the oil log by role: time, vat, color of the oil, amount topped up."),
          KeepTogether([figure_filter(), Paragraph("Figure 2. The way of the oil during filtering", CAPTION)]), PageBreak(),
          Paragraph("6.3 Testing the oil", H2),
          P("Test each vat every day at 10 a.m., before the lunch peak, with the oil at its set point. Dip the test strip for one second, wait 30 seconds, compare the color."),
          table(["Polar compounds", "What it means", "What to do"], [
              ["Below 16 %", "Good", "Go on"], ["16 to 20 %", "Ageing", "Filter on time, top up daily"],
              ["21 to 23 %", "Near the end", "Plan the oil change for tonight"], ["24 % or more", "Discard", "Change the oil before the next order"]], [.25, .25, .5]),
          Spacer(1, 8),
          Paragraph("6.4 Changing the oil", H2),
          P("The shift manager decides. Change the oil at 24 % polar compounds, and at the latest every 7 days in the left vat and every 5 days in the right vat."),
          steps("Switch the vat off and let the oil cool below 120 °F (49 °C). This takes about 4 hours.",
                "Roll the closed oil cart to the fryer, connect the hose, open the drain valve.",
                "Wipe the empty vat with a dry cloth. If a brown film stays, do a boil-out (section 7.2).",
                "Close the drain valve. Fill with fresh oil to the MAX mark.",
                "Empty the cart into the outside oil tank. Write the date and the weight in the oil log."),
          note("Pour new oil along the back wall. Splashing brings air into the oil and shortens its life."),
          Paragraph("6.5 What spoils oil", H2),
          bullets("Salt: never salt products above a vat.", "Water: shake ice off frozen products outside the basket.",
                  "Heat without work: use IDLE between peaks.", "Crumbs: skim every 15 minutes while breaded products are cooked.",
                  "Detergent: rinse and dry every part that touches oil."), PageBreak()]

    s += [Paragraph("7 Cleaning", H1),
          Paragraph("7.1 Cleaning plan", H2),
          table(["What", "When", "Who", "With"], [
              ["Outside, doors, panel", "Every shift", "Fry station operator", "Damp cloth, neutral cleaner"],
              ["Baskets and lift arms", "Daily at closing", "Fry station operator", "Dish machine, 180 °F (82 °C) rinse"],
              ["Crumb catcher, filter pan, rails", "Daily at closing", "Fry station operator", "Three-compartment sink, air dry"],
              ["Wall and floor behind the fryer", "Weekly, Monday", "Closing crew lead", "Degreaser, 10 minutes contact time"],
              ["Hood filters", "Weekly, Wednesday", "Closing crew lead", "Dish machine, then air dry"],
              ["Boil-out of each vat", "Every 14 days, or at each oil change with brown film", "Shift manager", "Boil-out cleaner HG-4431"],
              ["Drain line and casters", "Monthly", "Maintenance technician", "Drain rod, degreaser"]], [.27, .25, .22, .26]),
          Spacer(1, 6),
          caution("Never use steel wool, a scraper with a sharp edge or a water jet on the fryer."),
          Paragraph("7.2 Boil-out", H2),
          steps("Drain the oil as in section 6.4. Remove the crumb catcher.",
                "Fill the vat with cold water to 1 in (25 mm) below the MAX mark and add 16 oz (0.5 liters) of boil-out cleaner.",
                "Press and hold IDLE for 5 seconds to start boil-out mode. The display shows 195 °F (91 °C).",
                "Simmer for 30 minutes. Stay at the fryer. Brush the walls with the long brush.",
                "Switch off. Drain into a bucket when the water is below 120 °F (49 °C), never into the filter pan.",
                "Rinse twice. Add 8 oz (0.25 liters) of white vinegar to the second rinse.",
                "Dry every surface with a clean cloth. One cup of water left in the vat is enough to throw hot oil.",
                "Fill with oil and let the shift manager initial the cleaning schedule."),
          warning("Boil-out cleaner is caustic. Wear goggles and rubber gloves. Rinse skin at once with plenty of water."), PageBreak()]

    s += [Paragraph("8 Error codes", H1),
          P("The display of the vat shows the code and the buzzer sounds. Press any key to silence it. Work down this table; if the code returns a second time in one shift, take the vat out of use and call service."),
          table(["Code", "Meaning", "Likely cause", "What to do"], [list(r) for r in ERRORS], [.09, .22, .26, .43]),
          Spacer(1, 8),
          note("Write every code into the shift handover with time and vat. Two codes in a week on the same vat are a service case even if the fryer works again."), PageBreak(),
          Paragraph("9 Troubleshooting", H1),
          Paragraph("9.1 By symptom", H2),
          table(["Symptom", "Check first", "Then"], [
              ["Oil foams over the weir", "Water in the vat? Too much product in the basket?", "Test the oil; change it at 24 %"],
              ["Products are dark but raw inside", "Set point against the cooking table", "Probe the oil; call service when it is off by more than 5 °F (3 °C)"],
              ["Products are pale and greasy", "READY light on before the basket was lowered?", "Smaller loads; check recovery time"],
              ["Vat does not heat, no code", "Drain valve fully CLOSED? Isolator ON?", "Switch off for 60 seconds and on again"],
              ["Pump hums, no oil returns", "Pick-up tube seated? Paper folded over it?", "Warm the pan: shortening may be solid"],
              ["Oil smells burnt", "Crumbs on the elements", "Filter at once and clean the cold zone"],
              ["Oil leaks under the fryer", "Drain valve seat, hose clamp", "Take the vat out of use and call service"]], [.27, .37, .36]),
          Spacer(1, 8),
          Paragraph("9.2 Resetting the high limit (E-21)", H2),
          KeepTogether([figure_panel(), Paragraph("Figure 3. Control panel after a high-limit trip, and the reset button", CAPTION)]),
          steps("Leave the vat off for 30 minutes. The oil must be below 300 °F (149 °C).",
                "Check the oil level. Top up if the elements are not covered by at least 1 in (25 mm).",
                "Open the lower right door. Press the red button once, until it clicks.",
                "Switch the vat on and watch it until READY. Check the oil with the probe thermometer."),
          warning("One reset only. If E-21 returns, the vat stays off until a maintenance technician has tested the cut-out."), PageBreak()]

    s += [Paragraph("10 Maintenance and records", H1),
          Paragraph("10.1 Service intervals", H2),
          table(["Interval", "Work", "Record"], [
              ["Monthly", "Tighten hose clamps, clean the drain line, check casters and brakes", "Equipment log"],
              ["Every 3 months", "Calibrate the oil sensors against a reference probe at 350 °F (177 °C); allowed deviation 3 °F (2 °C)", "Calibration sheet"],
              ["Every 6 months", "Test the high-limit cut-out, measure contactor and element current", "Service report"],
              ["Yearly", "Replace the pump seal, door seals and the drain valve O-ring", "Service report"],
              ["Every 4 years", "Replace both contactors and both oil sensors", "Service report"]], [.2, .58, .22]),
          Spacer(1, 8),
          Paragraph("10.2 Spare parts", H2),
          table(["Part", "Order number", "Fitted by"], [
              ["Oil temperature sensor", "FX2-1120", "Maintenance technician"], ["High-limit cut-out 425 °F", "FX2-1145", "Maintenance technician"],
              ["Filter pump with motor", "FX2-2010", "Maintenance technician"], ["Pick-up tube with O-ring", "FX2-2033", "Shift manager"],
              ["Drain valve seat kit", "FX2-2080", "Maintenance technician"], ["Basket, full size", "FX2-3001", "Fry station operator"],
              ["Basket lift rail", "FX2-3040", "Maintenance technician"]], [.45, .25, .3]),
          Spacer(1, 8),
          Paragraph("10.3 Calling service", H2),
          P("Have these ready: restaurant number, serial number (inside the lower left door), the code, the vat, and what was cooked. "
            "Codes E-13, E-41 and a second E-21 are urgent: a technician comes within 4 hours. All other codes: next working day."),
          Paragraph("10.4 Warranty", H2),
          P("Parts and labor are covered for 24 months, the vats for 10 years. Damage from water in the control box, from missing filter paper or from a bypassed safety device is not covered."),
          PageBreak(),
          Paragraph("11 Forms", H1),
          Paragraph("11.1 Oil log (copy for each week)", H2),
          P("Enter one line for each filtering, test, top-up and change. The shift manager checks the sheet at closing."),
          table(["Day", "Time", "Vat", "Work", "Polar compounds", "Oil added", "Role"],
                [["Mon", "10:00", "L", "Test", "14 %", "–", "Fry station operator"], ["Mon", "14:30", "L + R", "Filter", "–", "2 lb (0.9 kg)", "Fry station operator"],
                 ["Mon", "22:15", "L + R", "Filter", "–", "3 lb (1.4 kg)", "Closing crew lead"]] + [["&nbsp;"] * 7] * 10,
                [.09, .1, .1, .12, .18, .18, .23]),
          Spacer(1, 10),
          Paragraph("11.2 Revision history", H2),
          table(["Revision", "Date", "Change"], [
              ["1", "May 2023", "First issue"], ["2", "January 2024", "Boil-out mode added; vinegar rinse"],
              ["3", "April 2025", "Discard point lowered from 27 % to 24 % polar compounds"],
              ["4", "March 2026", "New filtering times (section 6.1); code E-75"]], [.15, .2, .65]),
          NextPageTemplate("columns"), PageBreak()]

    s += [Paragraph("12 Glossary", H1), Paragraph("Words used in this manual, in alphabetical order.", SMALL), CondPageBreak(3 * inch)]
    s += [Paragraph(f"<b>{a}.</b> {b}", GLOSS) for a, b in GLOSSARY]
    return s


def make() -> bytes:
    total = 0
    for _ in (1, 2):
        out = io.BytesIO()
        doc = Manual(out, total)
        doc.multiBuild(story())
        total = doc.page
    return out.getvalue()
