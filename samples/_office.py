# SPDX-License-Identifier: AGPL-3.0-or-later
"""The closing checklist (Word) and the food safety slides (PowerPoint)."""
import io

from docx import Document
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.opc.constants import RELATIONSHIP_TYPE as RT
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml
from docx.oxml.ns import qn
from docx.shared import Inches, Pt, RGBColor
from PIL import Image, ImageDraw, ImageFont

from _facts import CHAIN, DATE, FRYER, repack

NAVY, TEAL, SAND, GREY, RED = "12324A", "0F7C86", "F3EFE6", "5B6770", "B3261E"
W_NS = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def png(size, draw) -> bytes:
    """A flat drawing at twice its size, reduced for smooth edges."""
    im = Image.new("RGB", (size[0] * 2, size[1] * 2), "white")
    draw(ImageDraw.Draw(im), lambda px: ImageFont.load_default(px * 2))
    out = io.BytesIO()
    im.resize(size, Image.LANCZOS).quantize(64).save(out, "PNG", optimize=True)
    return out.getvalue()


def floor_plan(d, font):
    zones = [("1  Fry station", 20, 20, 330, 170), ("2  Grill", 370, 20, 680, 170), ("3  Prep line", 20, 190, 330, 340),
             ("4  Dish area", 370, 190, 520, 340), ("5  Cooler", 540, 190, 680, 340)]
    for name, x0, y0, x1, y1 in zones:
        d.rounded_rectangle([x0 * 2, y0 * 2, x1 * 2, y1 * 2], 16, fill="#f3efe6", outline="#12324a", width=4)
        d.text((x0 * 2 + 20, y0 * 2 + 20), name, font=font(20), fill="#12324a")
    d.line([(330 + 4) * 2, 95 * 2, (370 - 10) * 2, 95 * 2], fill="#0f7c86", width=8)
    d.line([525 * 2, 172 * 2, 175 * 2, 188 * 2], fill="#0f7c86", width=8)
    d.line([334 * 2, 265 * 2, 360 * 2, 265 * 2], fill="#0f7c86", width=8)
    d.line([522 * 2, 265 * 2, 538 * 2, 265 * 2], fill="#0f7c86", width=8)
    d.text((40, 700), "Order of closing, from station 1 to station 5", font=font(17), fill="#5b6770")


def thermometer(d, font):
    """The danger zone as a scale from 0 to 220 °F."""
    def y(f):
        return int((330 - f * 300 / 220) * 2)
    for lo, hi, fill, text in [(0, 41, "#bfe3e6", "Cold holding: 41 °F (5 °C) or below"), (41, 135, "#f4c7c3", "Danger zone"),
                               (135, 165, "#fbe3b0", "Hot holding: 135 °F (57 °C) or above"), (165, 220, "#cfe8cf", "Poultry is done: 165 °F (74 °C)")]:
        d.rectangle([60 * 2, y(hi), 130 * 2, y(lo)], fill=fill, outline="#12324a", width=3)
        d.text((150 * 2, (y(lo) + y(hi)) // 2 - 16), text, font=font(14), fill="#12324a")
    for f in (0, 41, 70, 135, 165, 220):
        d.line([50 * 2, y(f), 60 * 2, y(f)], fill="#12324a", width=3)
        d.text((14 * 2, y(f) - 14), str(f), font=font(12), fill="#5b6770")


# ---- closing-checklist.docx ---------------------------------------------------------------------------------------

def field(paragraph, code, shown):
    for kind, text in (("begin", None), (None, code), ("separate", None), ("shown", shown), ("end", None)):
        run = paragraph.add_run(shown if kind == "shown" else "")
        if kind is None:
            run._r.append(parse_xml(f'<w:instrText xmlns:w="{W_NS}" xml:space="preserve"> {text} </w:instrText>'))
        elif kind != "shown":
            run._r.append(parse_xml(f'<w:fldChar xmlns:w="{W_NS}" w:fldCharType="{kind}"/>'))


def restart(doc, paragraphs):
    """Give these paragraphs a numbering of their own that begins at 1."""
    numbering = doc.part.numbering_part.element
    base = doc.styles["List Number"].element.pPr.numPr.numId.val
    num = numbering.add_num(numbering.num_having_numId(base).abstractNumId.val)
    num.add_lvlOverride(ilvl=0).add_startOverride(1)
    for p in paragraphs:
        pr = p._p.get_or_add_pPr().get_or_add_numPr()
        pr.get_or_add_ilvl().val = 0
        pr.get_or_add_numId().val = num.numId


def footnotes(doc, texts):
    notes = "".join(f'<w:footnote w:id="{i}"><w:p><w:pPr><w:spacing w:after="0"/></w:pPr><w:r><w:rPr><w:vertAlign w:val="superscript"/></w:rPr><w:footnoteRef/></w:r>'
                    f'<w:r><w:rPr><w:sz w:val="17"/></w:rPr><w:t xml:space="preserve"> {t}</w:t></w:r></w:p></w:footnote>' for i, t in enumerate(texts, 2))
    xml = (f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><w:footnotes xmlns:w="{W_NS}">'
           '<w:footnote w:type="separator" w:id="0"><w:p><w:r><w:separator/></w:r></w:p></w:footnote>'
           '<w:footnote w:type="continuationSeparator" w:id="1"><w:p><w:r><w:continuationSeparator/></w:r></w:p></w:footnote>' + notes + "</w:footnotes>")
    part = Part(PackURI("/word/footnotes.xml"), "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml", xml.encode(), doc.part.package)
    doc.part.relate_to(part, RT.FOOTNOTES)


def footnote_mark(paragraph, number):
    run = paragraph.add_run()
    run.font.superscript = True
    run._r.append(parse_xml(f'<w:footnoteReference xmlns:w="{W_NS}" w:id="{number}"/>'))


def text_box(paragraph, lines):
    paras = "".join(f'<w:p><w:pPr><w:spacing w:after="40"/></w:pPr><w:r><w:rPr>{"<w:b/>" if i == 0 else ""}<w:sz w:val="19"/></w:rPr><w:t>{t}</w:t></w:r></w:p>' for i, t in enumerate(lines))
    paragraph.add_run()._r.append(parse_xml(
        f'<mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" xmlns:w="{W_NS}" '
        'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
        'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" xmlns:v="urn:schemas-microsoft-com:vml">'
        '<mc:Choice Requires="wps"><w:drawing><wp:inline distT="0" distB="0" distL="0" distR="0"><wp:extent cx="5943600" cy="760000"/>'
        '<wp:docPr id="41" name="Reminder box"/><a:graphic><a:graphicData uri="http://schemas.microsoft.com/office/word/2010/wordprocessingShape">'
        '<wps:wsp><wps:cNvSpPr txBox="1"/><wps:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="5943600" cy="760000"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom>'
        f'<a:solidFill><a:srgbClr val="{SAND}"/></a:solidFill><a:ln w="12700"><a:solidFill><a:srgbClr val="{TEAL}"/></a:solidFill></a:ln></wps:spPr>'
        f'<wps:txbx><w:txbxContent>{paras}</w:txbxContent></wps:txbx><wps:bodyPr lIns="120000" tIns="80000" rIns="120000" bIns="60000"/></wps:wsp>'
        '</a:graphicData></a:graphic></wp:inline></w:drawing></mc:Choice>'
        f'<mc:Fallback><w:pict><v:shape style="width:468pt;height:60pt"><v:textbox><w:txbxContent>{paras}</w:txbxContent></v:textbox></v:shape></w:pict></mc:Fallback></mc:AlternateContent>'))


def shade(cell, fill):
    cell._tc.get_or_add_tcPr().append(parse_xml(f'<w:shd xmlns:w="{W_NS}" w:val="clear" w:color="auto" w:fill="{fill}"/>'))


def word_table(doc, head, rows, widths):
    t = doc.add_table(1, len(head), "Table Grid")
    t.alignment, t.autofit = WD_TABLE_ALIGNMENT.CENTER, False
    t.rows[0]._tr.get_or_add_trPr().append(parse_xml(f'<w:tblHeader xmlns:w="{W_NS}"/>'))
    for cell, text in zip(t.rows[0].cells, head):
        shade(cell, NAVY)
        run = cell.paragraphs[0].add_run(text)
        run.bold, run.font.size, run.font.color.rgb = True, Pt(9.5), RGBColor(255, 255, 255)
    for n, row in enumerate(rows):
        cells = t.add_row().cells
        for cell, text in zip(cells, row):
            cell.paragraphs[0].add_run(text).font.size = Pt(9.5)
            if n % 2:
                shade(cell, SAND)
    for column, width in zip(t.columns, widths):
        column.width = Inches(width)
    for row in t.rows:
        for cell, width in zip(row.cells, widths):
            cell.width = Inches(width)
            form = cell.paragraphs[0].paragraph_format
            form.space_before = form.space_after = Pt(2.5)
    doc.add_paragraph().paragraph_format.space_after = Pt(2)
    return t


def closing_checklist() -> bytes:
    doc = Document()
    section = doc.sections[0]
    section.left_margin = section.right_margin = Inches(1)
    normal = doc.styles["Normal"]
    normal.font.name, normal.font.size = "Calibri", Pt(10.5)
    normal.paragraph_format.space_after = Pt(6)
    for name, size, color in (("Title", 25, NAVY), ("Heading 1", 15, NAVY), ("Heading 2", 12, TEAL)):
        s = doc.styles[name]
        s.font.name, s.font.size, s.font.bold, s.font.color.rgb = "Calibri", Pt(size), True, RGBColor.from_string(color)
        fonts = s.element.rPr.rFonts
        for a in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
            fonts.attrib.pop(qn("w:" + a), None)
    head, foot = section.header.paragraphs[0], section.footer.paragraphs[0]
    head.add_run(f"{CHAIN}  |  Closing Checklist").bold = True
    head.add_run("\t\tHG-OP-021, Revision 7").font.size = Pt(9)
    foot.add_run("Keep the signed sheet for 90 days.\t\tPage ").font.size = Pt(9)
    field(foot, "PAGE", "1")
    foot.add_run(" of ").font.size = Pt(9)
    field(foot, "NUMPAGES", "3")

    doc.add_paragraph("Closing Checklist", "Title")
    doc.add_paragraph("The closing crew lead works through this list every night, station by station, in the order of the plan below. "
                      "The shift manager checks it and signs by role. Nobody leaves before section 6 is complete.")
    text_box(doc.add_paragraph(), ["Before you start", "Last order is at 10:00 p.m. Begin with the grill at 9:30 p.m. and keep one fryer vat hot until the last order is out."])

    def numbered(*items):
        out = [doc.add_paragraph(i, "List Number") for i in items]
        restart(doc, out)
        return out

    def bulleted(*items):
        for i in items:
            doc.add_paragraph(i, "List Bullet")

    doc.add_heading("1 Order of work", 1)
    doc.add_picture(io.BytesIO(png((700, 370), floor_plan)), width=Inches(5.2))
    pic = doc.inline_shapes[0]._inline.docPr
    pic.set("descr", "Plan of the kitchen with the five stations in closing order")
    doc.paragraphs[-1].alignment = WD_ALIGN_PARAGRAPH.CENTER
    cap = doc.add_paragraph("Figure 1. Kitchen stations in closing order", "Caption")
    cap.alignment = WD_ALIGN_PARAGRAPH.CENTER

    doc.add_heading(f"2 Fry station ({FRYER})", 1)
    fry = numbered("Switch both vats to FILTER after the last order and let the oil cool to 300 °F (149 °C).",
                   "Filter both vats as described in section 6.2 of the fryer manual.",
                   "Clean the crumb catcher and the filter pan in the three-compartment sink. Let them air dry.",
                   "Top up each vat to the MAX mark and put the covers on.",
                   "Turn the wall isolator to OFF. Leave the exhaust fan on for 10 minutes.",
                   "Write the polar compound reading and the oil added into the oil log.")
    footnote_mark(fry[1], 2)
    doc.add_comment(runs=fry[2].runs[0], text="Pan and catcher must not go into the dish machine: the gasket swells.", author="Operations Manager", initials="OM")
    doc.add_heading("2.1 If the display shows a code", 2)
    bulleted("E-31 during the last filtering: replace the paper, wait 10 minutes, press PUMP RESET.",
             "E-32: the drain valve is not closed. Do not cover the vat until the code clears.",
             "Any other code: switch the vat off and write it into the shift handover.")
    doc.add_heading("3 Grill and hot holding", 1)
    numbered("Scrape the grill at 300 °F (149 °C), apply the grill cleaner, wait 2 minutes, rinse with a damp cloth.",
             "Empty the grease tray into the grease drum outside. Two crew members carry the tray.",
             "Discard everything left in hot holding. Nothing from hot holding is cooled or kept for the next day.",
             "Record the waste by product in the waste log.")
    doc.add_heading("4 Cold storage", 1)
    doc.add_paragraph("Read each unit with the probe thermometer, not from its display. Call the shift manager at once when a value is outside its limit.")
    word_table(doc, ["Unit", "Limit", "Reading", "If outside the limit"], [
        ["Walk-in cooler", "33 to 41 °F (1 to 5 °C)", "", "Move food to the reach-in, call service"],
        ["Reach-in cooler, prep line", "33 to 41 °F (1 to 5 °C)", "", "Move food to the walk-in"],
        ["Walk-in freezer", "0 °F (-18 °C) or below", "", "Keep the door shut, call service"],
        ["Salad well", "41 °F (5 °C) or below", "", "Discard food above 41 °F for over 4 hours"],
        ["Dairy dispenser", "33 to 38 °F (1 to 3 °C)", "", "Discard the bag, clean the tube"]], [1.7, 1.7, 0.9, 2.2])
    doc.add_heading("5 Dish area and floors", 1)
    numbered("Run the last rack. The final rinse must reach 180 °F (82 °C); write the gauge reading down.",
             "Drain the machine, clean the scrap screens, leave the door open.",
             "Mix sanitizer to 200 ppm and wipe every food contact surface.",
             "Sweep, then mop from the back wall to the door. Put the wet floor sign up.",
             "Clean the floor drains with the green brush only.")
    doc.add_heading("6 Before you lock up", 1)
    bulleted("Gas valve of the grill closed, fryer isolator OFF, hood fan off.", "Back door locked and alarm tested.",
             "Safe count agrees with the register report to within $2.00.", "Shift handover written, with every error code and every open repair.")
    last = doc.add_paragraph("Deliver the deposit with two crew members, never alone.")
    footnote_mark(last, 3)
    doc.add_heading("7 Sign-off", 1)
    word_table(doc, ["Role", "Time", "Initials"], [["Closing crew lead", "", ""], ["Shift manager", "", ""]], [3, 1.75, 1.75])
    footnotes(doc, ["Filter at closing even if the vat was filtered after the lunch peak. The manual gives the reasons in section 6.",
                    "Cash rule HG-FI-002: deposits above $1,500.00 are collected by the armored service."])
    cp = doc.core_properties
    cp.title, cp.author, cp.subject, cp.comments, cp.last_modified_by = "Closing Checklist", CHAIN, "HG-OP-021", "", CHAIN
    cp.created = cp.modified = DATE
    for c in doc.part._comments_part.element.comment_lst:
        c.set(qn("w:date"), "2026-03-02T06:00:00Z")
    out = io.BytesIO()
    doc.save(out)
    return repack(out.getvalue())
