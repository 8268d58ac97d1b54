# SPDX-License-Identifier: AGPL-3.0-or-later
"""The three plain documents: the allergen matrix, a shift handover and the equipment notes."""
import csv
import io

ALLERGENS = ["milk", "egg", "fish", "shellfish", "tree nuts", "peanut", "wheat", "soy", "sesame"]

# item, category, contains, fryer vat
MENU = [
    ("Harbor Burger", "Burgers", "milk wheat soy sesame", ""), ("Double Harbor Burger", "Burgers", "milk wheat soy sesame", ""),
    ("Bacon Harbor Burger", "Burgers", "milk wheat soy sesame", ""), ("Blue Cheese Burger", "Burgers", "milk egg wheat soy sesame", ""),
    ("Mushroom Swiss Burger", "Burgers", "milk wheat soy sesame", ""), ("Kids Burger", "Burgers", "wheat soy sesame", ""),
    ("Plant Patty Burger", "Burgers", "wheat soy sesame", ""), ("Burger in Lettuce, no bun", "Burgers", "milk", ""),
    ("Crispy Chicken Sandwich", "Chicken", "milk egg wheat soy sesame", "Right"), ("Spicy Chicken Sandwich", "Chicken", "milk egg wheat soy sesame", "Right"),
    ("Grilled Chicken Sandwich", "Chicken", "wheat soy sesame", ""), ("Chicken Tenders, 3 pieces", "Chicken", "milk egg wheat soy", "Right"),
    ("Chicken Tenders, 5 pieces", "Chicken", "milk egg wheat soy", "Right"), ("Chicken Caesar Wrap", "Chicken", "milk egg fish wheat soy", ""),
    ("Buffalo Chicken Wrap", "Chicken", "milk egg wheat soy", "Right"), ("Kids Tenders, 2 pieces", "Chicken", "milk egg wheat soy", "Right"),
    ("Fish Sandwich", "Seafood", "milk egg fish wheat soy sesame", "Right"), ("Fish and Chips", "Seafood", "milk egg fish wheat soy", "Right"),
    ("Shrimp Basket", "Seafood", "egg shellfish wheat soy", "Right"), ("Shrimp Po' Boy", "Seafood", "egg shellfish wheat soy", "Right"),
    ("Clam Chowder, cup", "Seafood", "milk shellfish wheat", ""), ("Clam Chowder, bowl", "Seafood", "milk shellfish wheat", ""),
    ("Crab Cake Slider", "Seafood", "milk egg shellfish wheat soy", ""), ("Fries, small", "Sides", "", "Left"), ("Fries, large", "Sides", "", "Left"),
    ("Onion Rings", "Sides", "milk wheat", "Left"), ("Cauliflower Bites", "Sides", "wheat soy", "Left"), ("Loaded Fries", "Sides", "milk", "Left"),
    ("Coleslaw", "Sides", "egg", ""), ("Baked Beans", "Sides", "soy", ""), ("Corn on the Cob", "Sides", "milk", ""), ("Apple Slices", "Sides", "", ""),
    ("Garden Salad", "Salads", "", ""), ("Caesar Salad", "Salads", "milk egg fish wheat", ""), ("Cobb Salad", "Salads", "milk egg", ""),
    ("Asian Sesame Salad", "Salads", "wheat soy sesame tree|nuts", ""), ("Ranch Dressing", "Sauces", "milk egg", ""), ("Caesar Dressing", "Sauces", "milk egg fish", ""),
    ("Honey Mustard", "Sauces", "egg", ""), ("Tartar Sauce", "Sauces", "egg", ""), ("Barbecue Sauce", "Sauces", "soy", ""), ("Buffalo Sauce", "Sauces", "milk", ""),
    ("Ketchup", "Sauces", "", ""), ("Cocktail Sauce", "Sauces", "fish", ""), ("Breakfast Sandwich, egg and cheese", "Breakfast", "milk egg wheat soy", ""),
    ("Breakfast Burrito", "Breakfast", "milk egg wheat soy", ""), ("Pancakes, 3 pieces", "Breakfast", "milk egg wheat soy", ""), ("Hash Browns", "Breakfast", "", "Left"),
    ("Oatmeal with Walnuts", "Breakfast", "tree|nuts", ""), ("Yogurt Parfait", "Breakfast", "milk tree|nuts", ""), ("Chocolate Chip Cookie", "Desserts", "milk egg wheat soy", ""),
    ("Peanut Butter Cookie", "Desserts", "milk egg peanut wheat soy", ""), ("Apple Pie", "Desserts", "milk wheat soy", ""), ("Vanilla Shake", "Drinks", "milk", ""),
    ("Chocolate Shake", "Drinks", "milk soy", ""), ("Peanut Butter Shake", "Drinks", "milk peanut", ""), ("Iced Coffee", "Drinks", "milk", ""),
    ("Lemonade", "Drinks", "", ""), ("Hot Chocolate", "Drinks", "milk soy", ""), ("Iced Tea, unsweetened", "Drinks", "", ""),
]


def allergens() -> bytes:
    out = io.StringIO()
    w = csv.writer(out, lineterminator="\r\n")
    w.writerow(["Item", "Category", "Fryer vat", *[a.capitalize() for a in ALLERGENS], "Note"])
    for item, category, contains, vat in MENU:
        has = {x.replace("|", " ") for x in contains.split()}
        assert has <= set(ALLERGENS), item
        marks = ["contains" if a in has else "" for a in ALLERGENS]
        note = ""
        if vat == "Left":
            note = "Shares the left vat with onion rings and cauliflower bites: may contain milk, wheat, soy"
        elif vat == "Right":
            note = "Shares the right vat with chicken, fish and shrimp: may contain fish, shellfish"
        elif "peanut" in contains:
            note = 'Made with the purple utensils only, label "peanut"'
        w.writerow([item, category, vat, *marks, note])
    return out.getvalue().encode()


HANDOVER = """\
# Shift handover

**Restaurant:** Harbor Grill 0117, Pier Street
**Date:** Tuesday, March 3, 2026
**From:** opening shift manager **To:** closing shift manager

## Summary

Lunch was 12 % above forecast. One equipment code, one late delivery, no injuries. The left vat was out of use from 12:40 to 1:05 p.m.

## Equipment

| Time | Unit | Code | What happened | Open |
| --- | --- | --- | --- | --- |
| 12:40 p.m. | FX-200, left vat | E-31 | Pump tripped while filtering; paper was doubled. Replaced, waited 10 minutes, PUMP RESET. | no |
| 2:15 p.m. | Walk-in cooler | none | 43 °F (6 °C) at the door, 39 °F (4 °C) at the back after 20 minutes with the door shut. | watch |
| 3:05 p.m. | Dish machine | none | Rinse gauge shows 176 °F (80 °C), limit is 180 °F (82 °C). Service ticket 48213. | **yes** |

> A second E-31 on the left vat today is a service case. See section 8 of the fryer manual.

## Oil

- Left vat: 18 % polar compounds at 10:00 a.m., filtered at 2:30 p.m.
- Right vat: 22 % polar compounds at 10:00 a.m.
  - oil change planned for tonight after closing
  - two boxes of oil are in dry storage, shelf B

## Deliveries and stock

1. Chicken tenders arrived at 11:50 a.m. instead of 9:30 a.m., at 28 °F (-2 °C), accepted.
2. Romaine was refused: 47 °F (8 °C) on arrival. Credit note requested.
3. Filter paper HG-4410: **one pack left**, order before Thursday.

## People

- [x] Fry station operator trained on section 6.2, signed off
- [x] Hand sink check at 8 a.m., 10 a.m., noon and 2 p.m.
- [ ] Replacement for the front counter crew on Thursday, 4 p.m. to 8 p.m.

## Cash

```
Register 1   $1,284.50   over   $0.75
Register 2     $962.20   short  $1.10
Drive-thru   $2,417.85   even
```

## To do before closing

1. Change the oil in the right vat below 120 °F (49 °C).
2. Run the dish machine with chemical sanitizer until service has been here.
3. Check the walk-in cooler at 6 p.m. and 9 p.m. and write both readings down.
"""

NOTES = """\
HARBOR GRILL 0117 - EQUIPMENT NOTES
Kept by the maintenance technician. Newest entry first.

2026-03-04  DISH MACHINE
Service visit for ticket 48213. Booster heater element replaced. Final
rinse now 184 \N{DEGREE SIGN}F (84 \N{DEGREE SIGN}C). Chemical sanitizer no longer needed.

2026-03-03  FX-200 FRYER, LEFT VAT
Code E-31 during filtering. Two sheets of paper in the pan. Crew shown
how to separate the sheets. Pump draws 3.2 A, normal is 2.8 to 3.4 A.

2026-02-24  FX-200 FRYER, RIGHT VAT
Code E-12 twice in one shift. Sensor FX2-1120 replaced. Calibrated with
the reference probe at 350 \N{DEGREE SIGN}F (177 \N{DEGREE SIGN}C): deviation 1 \N{DEGREE SIGN}F.

2026-02-11  WALK-IN COOLER
Door gasket torn at the lower hinge. Replaced. Evaporator fan cleaned.
Holds 37 \N{DEGREE SIGN}F (3 \N{DEGREE SIGN}C) with the door shut.

2026-01-28  GRILL
Thermostat of zone 3 read 25 \N{DEGREE SIGN}F too low. Adjusted to 375 \N{DEGREE SIGN}F (191 \N{DEGREE SIGN}C).
Grease tray wheel replaced.

2026-01-15  HOOD
Fire system inspected, tag valid until July 2026. Two fusible links
replaced. Fan belt tension checked.

SERIAL NUMBERS
  FX-200 fryer      FX2-26-004417   installed 2025-06-12
  Dish machine      DM-88-10233     installed 2023-09-01
  Walk-in cooler    WC-0117-A       installed 2021-04-20
  Grill, 4 zones    GR-48-7790      installed 2024-02-08

NEXT DUE
  FX-200 sensors, calibration            2026-05-24
  FX-200 high-limit cut-out test         2026-06-12
  Ice machine cleaning                   2026-05-31
"""
