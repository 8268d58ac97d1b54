# SPDX-License-Identifier: AGPL-3.0-or-later
"""The food safety training slides, food-safety.pptx."""
import io

from pptx import Presentation
from pptx.dml.color import RGBColor
from pptx.enum.shapes import MSO_SHAPE
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.util import Inches, Pt

from _facts import CHAIN, DATE, repack
from _office import GREY, NAVY, SAND, TEAL, png, thermometer


def rgb(x):
    return RGBColor.from_string(x)


def place(shape, x, y, w, h):
    shape.left, shape.top, shape.width, shape.height = Inches(x), Inches(y), Inches(w), Inches(h)


class Deck:
    def __init__(self):
        self.p = Presentation()
        self.p.slide_width, self.p.slide_height = Inches(13.333), Inches(7.5)
        for layout in (self.p.slide_master, *self.p.slide_layouts):
            for ph in layout.placeholders:
                kind = ph.placeholder_format.type
                if "TITLE" in str(kind):
                    place(ph, 0.7, 0.45, 11.9, 0.95)
                elif "BODY" in str(kind) or "OBJECT" in str(kind):
                    place(ph, 0.7, 1.65, 11.9, 4.9)
                elif "DATE" in str(kind) or "FOOTER" in str(kind) or "SLIDE_NUMBER" in str(kind):
                    ph._element.getparent().remove(ph._element)

    def slide(self, title, bullets=(), notes="", width=11.9):
        s = self.p.slides.add_slide(self.p.slide_layouts[1 if bullets else 5])
        s.shapes.title.text = title
        t = s.shapes.title.text_frame.paragraphs[0]
        t.alignment, t.font.size, t.font.bold, t.font.color.rgb = PP_ALIGN.LEFT, Pt(34), True, rgb(NAVY)
        bar = s.shapes.add_shape(MSO_SHAPE.RECTANGLE, Inches(0.7), Inches(1.38), Inches(1.4), Inches(0.07))
        self.paint(bar, TEAL)
        if bullets:
            body = s.placeholders[1]
            place(body, 0.7, 1.75, width, 4.8)
            frame = body.text_frame
            for i, (level, text) in enumerate(bullets):
                p = frame.paragraphs[0] if i == 0 else frame.add_paragraph()
                p.text, p.level, p.font.size, p.space_after = text, level, Pt(22 if level == 0 else 18), Pt(9)
        foot = s.shapes.add_textbox(Inches(0.7), Inches(6.95), Inches(11.9), Inches(0.35))
        foot.text_frame.word_wrap = True
        p = foot.text_frame.paragraphs[0]
        p.text, p.font.size, p.font.color.rgb = f"{CHAIN}  |  Food Safety Basics, HG-TR-005  |  {len(self.p.slides)}", Pt(11), rgb(GREY)
        s.notes_slide.notes_text_frame.text = notes
        return s

    @staticmethod
    def paint(shape, color, line=None):
        shape.fill.solid()
        shape.fill.fore_color.rgb = rgb(color)
        if line:
            shape.line.color.rgb = rgb(line)
        else:
            shape.line.fill.background()

    def table(self, slide, rows, widths, y=1.8):
        shape = slide.shapes.add_table(len(rows), len(rows[0]), Inches(0.7), Inches(y), Inches(sum(widths)), Inches(0.5 * len(rows)))
        for c, w in enumerate(widths):
            shape.table.columns[c].width = Inches(w)
        for r, row in enumerate(rows):
            for c, text in enumerate(row):
                cell = shape.table.cell(r, c)
                cell.text = text
                cell.fill.solid()
                cell.fill.fore_color.rgb = rgb(NAVY if r == 0 else SAND if r % 2 == 0 else "FFFFFF")
                p = cell.text_frame.paragraphs[0]
                p.font.size, p.font.bold, p.font.color.rgb = Pt(16), r == 0, rgb("FFFFFF" if r == 0 else "1D252B")

    def group(self, slide, labels, y):
        g = slide.shapes.add_group_shape()
        for i, (big, small) in enumerate(labels):
            box = g.shapes.add_shape(MSO_SHAPE.ROUNDED_RECTANGLE, Inches(0.7 + i * 3.05), Inches(y), Inches(2.75), Inches(1.7))
            self.paint(box, SAND, TEAL)
            frame = box.text_frame
            frame.word_wrap, frame.vertical_anchor = True, MSO_ANCHOR.MIDDLE
            for k, text in enumerate((big, small)):
                p = frame.paragraphs[0] if k == 0 else frame.add_paragraph()
                p.text, p.alignment, p.font.size, p.font.bold, p.font.color.rgb = text, PP_ALIGN.CENTER, Pt(22 - 7 * k), k == 0, rgb(NAVY)


def food_safety() -> bytes:
    d = Deck()
    s = d.p.slides.add_slide(d.p.slide_layouts[0])
    back = s.shapes.add_shape(MSO_SHAPE.RECTANGLE, 0, 0, d.p.slide_width, Inches(4.6))
    d.paint(back, NAVY)
    s.shapes._spTree.insert(2, back._element)
    place(s.shapes.title, 0.9, 1.6, 11.5, 1.3)
    place(s.placeholders[1], 0.9, 2.9, 11.5, 1.0)
    s.shapes.title.text, s.placeholders[1].text = "Food Safety Basics", "Training for new crew members"
    for shape, size in ((s.shapes.title, 48), (s.placeholders[1], 22)):
        p = shape.text_frame.paragraphs[0]
        p.alignment, p.font.size, p.font.color.rgb, p.font.bold = PP_ALIGN.LEFT, Pt(size), rgb("FFFFFF"), size > 30
    tag = s.shapes.add_textbox(Inches(0.9), Inches(5.0), Inches(11), Inches(0.9))
    tag.text_frame.word_wrap = True
    tag.text_frame.text = f"{CHAIN}  |  HG-TR-005  |  March 2026"
    tag.text_frame.paragraphs[0].font.size = Pt(16)
    s.notes_slide.notes_text_frame.text = "Welcome the group. The session takes 45 minutes; the quiz at the end needs 8 of 10 right answers."

    s = d.slide("Four rules that prevent most illness", notes="Ask the group for an example of each rule from their own kitchen before you show the boxes.")
    d.group(s, [("Clean", "hands and surfaces"), ("Separate", "raw from ready to eat"), ("Cook", "to the core temperature"), ("Chill", "to 41 °F (5 °C)")], 2.3)
    note = s.shapes.add_textbox(Inches(0.7), Inches(4.5), Inches(11.9), Inches(0.9))
    note.text_frame.word_wrap = True
    note.text_frame.text = "Every rule has a number and a log. If it is not written down, it did not happen."
    note.text_frame.paragraphs[0].font.size = Pt(20)

    d.slide("Wash your hands", [(0, "Wash for 20 seconds with soap and warm water, at the hand sink only"),
                                (0, "Wash before you start, and after:"), (1, "raw chicken, beef, fish or eggs"), (1, "trash, money, phone, face or hair"),
                                (1, "breaks and the restroom"), (0, "Gloves are worn over washed hands and changed every 4 hours"),
                                (0, "Cover cuts with a blue bandage and a glove")],
            "Show the hand sink. Demonstrate the 20 seconds with the timer on the wall.")

    s = d.slide("The danger zone", notes="Food may stay in the danger zone for 4 hours in all, counted together. After that it is discarded.")
    s.shapes.add_picture(io.BytesIO(png((560, 350), thermometer)), Inches(0.7), Inches(1.75), height=Inches(4.8))
    box = s.shapes.add_textbox(Inches(8.7), Inches(2.2), Inches(3.9), Inches(3.4))
    box.text_frame.word_wrap = True
    for i, text in enumerate(["Bacteria grow fastest between 41 °F (5 °C) and 135 °F (57 °C).", "Count the hours food spends there.", "Discard after 4 hours."]):
        p = box.text_frame.paragraphs[0] if i == 0 else box.text_frame.add_paragraph()
        p.text, p.font.size, p.space_after = text, Pt(20), Pt(12)

    s = d.slide("Core temperatures", notes="The probe goes into the thickest part, not through it. Clean the probe with a wipe between two products.")
    d.table(s, [["Product", "Core temperature", "Hold for", "Where"], ["Chicken tenders and fillet", "165 °F (74 °C)", "1 second", "FX-200 right vat"],
                ["Ground beef patty", "155 °F (68 °C)", "17 seconds", "Grill"], ["Fish fillet and shrimp", "145 °F (63 °C)", "15 seconds", "FX-200 right vat"],
                ["Eggs for breakfast", "145 °F (63 °C)", "15 seconds", "Grill"], ["Soup, reheated", "165 °F (74 °C)", "15 seconds", "Kettle"]], [4.2, 2.9, 2.2, 2.6])

    d.slide("Cooling and holding", [(0, "Cool soup and sauce in two steps:"), (1, "from 135 °F to 70 °F (57 to 21 °C) within 2 hours"),
                                    (1, "from 70 °F to 41 °F (21 to 5 °C) within 4 more hours"), (0, "Check hot holding every 2 hours: 135 °F (57 °C) or above"),
                                    (0, "Fries are held for 7 minutes, chicken tenders for 20 minutes"), (0, "Never reheat food in hot holding")],
            "Use the ice wand and shallow pans, at most 2 inches deep.")

    s = d.slide("Allergens", [(0, "The nine major allergens: milk, eggs, fish, shellfish, tree nuts, peanuts, wheat, soy, sesame"),
                              (0, "Left fryer vat: potato and vegetable products, no fish, no shellfish, no chicken"),
                              (0, "Right fryer vat: chicken and seafood"), (0, "A guest with an allergy is always served by the shift manager"),
                              (0, "Look it up in the allergen matrix. Never answer from memory")],
                "The allergen matrix HG-FS-011 is updated with each menu change. Old copies go into the shredder.")

    s = d.slide("Sanitizer and cleaning", notes="Let everybody test a bucket with a strip. Too strong is as wrong as too weak.")
    d.table(s, [["Step", "What", "Value"], ["1", "Scrape and wash", "110 °F (43 °C) water, detergent"], ["2", "Rinse", "clean warm water"],
                ["3", "Sanitize", "quaternary sanitizer 200 ppm, 60 seconds"], ["4", "Air dry", "no towels"]], [1.2, 3.6, 7.1])
    box = s.shapes.add_textbox(Inches(0.7), Inches(4.9), Inches(11.9), Inches(1))
    box.text_frame.word_wrap = True
    box.text_frame.text = "Change the sanitizer bucket every 2 hours, or as soon as it is cloudy."
    box.text_frame.paragraphs[0].font.size = Pt(20)

    d.slide("When you must not work with food", [(0, "Tell the shift manager before your shift if you have:"), (1, "vomiting or diarrhea: stay away until 24 hours after the last symptom"),
                                                 (1, "yellow skin or eyes"), (1, "a sore throat with fever"), (1, "an infected wound on hand or arm"),
                                                 (0, "You are paid for the shift you report sick for")],
            "Say clearly that nobody gets into trouble for reporting an illness.")
    p = d.p.core_properties
    p.title, p.author, p.subject, p.last_modified_by = "Food Safety Basics", CHAIN, "HG-TR-005", CHAIN
    p.created = p.modified = DATE
    out = io.BytesIO()
    d.p.save(out)
    return repack(out.getvalue())
