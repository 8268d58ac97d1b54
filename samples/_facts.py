# SPDX-License-Identifier: AGPL-3.0-or-later
"""What all sample documents agree on: the chain, the fryer, temperatures, error codes. No document states a figure of its own."""
import datetime
import io
import re
import zipfile

CHAIN = "Harbor Grill"
FRYER = "FX-200"
DATE = datetime.datetime(2026, 3, 2, 6, 0, 0)
STAMP = "2026-03-02T06:00:00Z"

# code, what the display means, likely cause, what the crew does
ERRORS = [
    ("E-12", "Oil temperature sensor open", "Sensor lead loose or broken",
     "Switch the vat off. Check that the sensor plug behind the lower door is seated. Call service if the code returns."),
    ("E-13", "Oil temperature sensor shorted", "Water or oil in the sensor plug",
     "Switch the vat off. Do not open the plug. Call service."),
    ("E-21", "High-limit cut-out tripped", "Oil above 425 °F (218 °C), or low oil over the elements",
     "Keep the vat off for 30 minutes. Check the oil level, then press the red reset button once (section 9.2)."),
    ("E-31", "Filter pump overload", "Filter paper blocked, or shortening solid in the return line",
     "Stop filtering. Replace the filter paper, wait 10 minutes, press PUMP RESET. Call service after two trips in one day."),
    ("E-32", "Drain valve not closed", "Valve handle between positions, crumbs in the valve seat",
     "Turn the handle fully to CLOSED. Clean the seat with the drain rod. The heat stays locked until the code clears."),
    ("E-41", "Heating contactor fault", "Contactor worn or stuck",
     "Switch the vat off at the wall isolator. Call service. Do not use the vat."),
    ("E-44", "Oil level low", "Level below the MIN mark for 20 seconds",
     "Top up to the MAX mark with the same oil. Heat returns by itself when the sensor is covered."),
    ("E-51", "Basket lift jammed", "Basket hung wrongly, crumbs on the lift rail",
     "Lower the vat to idle. Rehang the basket, clean the rail when it is cool."),
    ("E-60", "Control panel lost contact with the power board", "Ribbon cable loose, or a short power cut",
     "Switch off for 60 seconds and on again. Call service if the code stays."),
    ("E-75", "Filter reminder overdue", "The vat has fried for more than 8 hours since it was last filtered",
     "Filter the vat now (section 6.2). The reminder resets by itself."),
]

# product, vat, °F, °C, basket load, minutes, core temperature
COOKING = [
    ("Fries", "Left", "350", "177", "1.5 lb (0.7 kg)", "2:45", "–"),
    ("Onion rings", "Left", "350", "177", "1.0 lb (0.45 kg)", "2:15", "–"),
    ("Hash browns", "Left", "350", "177", "12 pieces", "2:30", "–"),
    ("Cauliflower bites", "Left", "350", "177", "1.0 lb (0.45 kg)", "3:00", "–"),
    ("Chicken tenders", "Right", "340", "171", "8 pieces", "4:30", "165 °F (74 °C)"),
    ("Chicken fillet", "Right", "340", "171", "6 pieces", "5:15", "165 °F (74 °C)"),
    ("Fish fillet", "Right", "340", "171", "6 pieces", "3:45", "145 °F (63 °C)"),
    ("Shrimp", "Right", "340", "171", "1.0 lb (0.45 kg)", "2:00", "145 °F (63 °C)"),
]


def repack(data: bytes) -> bytes:
    """The same zip with fixed times and core dates, so that a second run gives the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as src, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as dst:
        names = sorted(src.namelist(), key=lambda n: (n != "[Content_Types].xml", n != "_rels/.rels", n))
        for name in names:
            body = src.read(name)
            if name == "docProps/core.xml":
                body = re.sub(rb"(<dcterms:(created|modified)[^>]*>)[^<]*", rb"\g<1>" + STAMP.encode(), body)
            info = zipfile.ZipInfo(name, (2026, 3, 2, 6, 0, 0))
            info.compress_type, info.external_attr, info.create_system = zipfile.ZIP_DEFLATED, 0o600 << 16, 3
            dst.writestr(info, body, compresslevel=9)
    return out.getvalue()
