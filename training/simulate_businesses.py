"""Two made-up businesses and their visitors, with known truth."""

from __future__ import annotations

from training.simulate_tables import Business, HiddenPersona, Number

# --- heat pumps, solar, storage: bought once in a long while, after much reading ------------------

# Everybody reads at any hour, some at some hours more.
EVENING = {9: 2.0, 12: 2.0, 15: 2.0, 17: 2.0, 18: 3.0, 19: 4.0, 20: 5.0, 21: 4.0, 22: 2.0, 0: 1.0}
MORNING = {7: 3.0, 8: 4.0, 9: 5.0, 10: 4.0, 11: 3.0, 14: 4.0, 16: 3.0, 19: 4.0, 1: 0.5}
OFFICE = {8: 3.0, 9: 4.0, 10: 4.0, 11: 3.0, 13: 4.0, 14: 4.0, 15: 3.0, 16: 2.0, 20: 3.0, 0: 0.5}
NIGHT = {8: 1.5, 13: 3.0, 16: 2.0, 19: 4.0, 21: 5.0, 22: 5.0, 23: 4.0, 0: 4.0, 1: 2.0}

RENOVATORS = HiddenPersona(
    "renovators",
    0.3,
    traits={
        "role": {"owner": 0.97, "landlord": 0.03},
        "house": {"pre-war": 0.5, "post-war": 0.45, "seventies": 0.05},
        "kids": Number(2.2, 0.7, 0),
        "region": {"north": 0.3, "west": 0.5, "south": 0.2},
        "heating": {"gas": 0.7, "oil": 0.25, "wood": 0.05},
    },
    channels={"search": 6, "direct": 2, "email": 1, "partner": 0.6, "paid": 0.6},
    devices={"desktop": 5, "mobile": 4, "tablet": 1},
    hours=EVENING,
    topics={"heat-pump": 2.6, "renovation": 3.2, "insulation": 3.0, "financing": 1.8},
    types={"guide": 1.5, "case-study": 1.4, "comparison": 1.3},
    pages=3.6,
)
SOLAR_FANS = HiddenPersona(
    "solar fans",
    0.22,
    traits={
        "role": {"owner": 0.95, "tenant": 0.05},
        "house": {"modern": 0.85, "seventies": 0.15},
        "kids": Number(0.9, 0.8, 0),
        "region": {"north": 0.2, "west": 0.3, "south": 0.5},
        "heating": {"gas": 0.35, "heat-pump": 0.55, "wood": 0.1},
        "electricCar": {"yes": 0.75, "no": 0.25},
    },
    channels={"direct": 4, "social": 3, "search": 2, "partner": 2},
    devices={"desktop": 8, "mobile": 2},
    hours=NIGHT,
    topics={"solar": 3.2, "storage": 3.6, "charging": 2.6, "tariffs": 2.6},
    types={"white-paper": 1.8, "video": 1.3, "release-notes": 1.6, "comparison": 1.4},
    pace=1.5,
    visits=1.4,
    pages=5.0,
    dwell=1.2,
    reveals=0.7,
)
LANDLORDS = HiddenPersona(
    "landlords",
    0.14,
    traits={
        "role": {"landlord": 0.98, "owner": 0.02},
        "house": {"pre-war": 0.35, "post-war": 0.35, "seventies": 0.3},
        "flats": Number(9, 4, 2),
        "region": {"north": 0.35, "west": 0.5, "south": 0.15},
        "heating": {"gas": 0.7, "oil": 0.2, "district": 0.1},
    },
    channels={"email": 4, "partner": 3, "search": 2, "direct": 2, "offline": 0.8},
    devices={"desktop": 9, "mobile": 1},
    hours=OFFICE,
    topics={"landlords": 6.0, "financing": 2.8, "charging": 1.4, "tenants": 1.6, "heat-pump": 1.0},
    types={"white-paper": 1.6, "webinar": 2.0, "case-study": 1.7, "video": 0.4},
    pace=0.7,
    visits=0.8,
    pages=3.2,
    dwell=1.1,
    reveals=0.75,
)
TENANTS = HiddenPersona(
    "tenants",
    0.18,
    traits={
        "role": {"tenant": 0.98, "owner": 0.02},
        "kids": Number(0.3, 0.5, 0),
        "region": {"north": 0.4, "west": 0.4, "south": 0.2},
        "heating": {"gas": 0.5, "district": 0.5},
    },
    channels={"social": 5, "paid": 3, "search": 2, "direct": 1},
    devices={"mobile": 9, "desktop": 1},
    hours={7: 2.0, 12: 3.0, 13: 3.0, 16: 3.0, 17: 3.0, 18: 3.0, 19: 3.0, 21: 2.0, 0: 1.5},
    topics={"tenants": 6.0, "solar": 1.8, "charging": 1.2, "tariffs": 1.6},
    types={"video": 1.6, "article": 1.4, "white-paper": 0.3, "webinar": 0.3},
    pace=1.3,
    visits=0.8,
    pages=2.2,
    dwell=0.5,
    reveals=0.5,
)
CAREFUL_COUPLES = HiddenPersona(
    "careful couples",
    0.16,
    traits={
        "role": {"owner": 1.0},
        "house": {"seventies": 0.8, "post-war": 0.2},
        "kids": Number(0.05, 0.3, 0),
        "region": {"north": 0.5, "west": 0.15, "south": 0.35},
        "heating": {"oil": 0.7, "gas": 0.3},
    },
    channels={"email": 5, "offline": 2, "search": 2, "direct": 1},
    devices={"tablet": 8, "desktop": 2},
    hours=MORNING,
    topics={"noise": 4.5, "heat-pump": 2.2, "insulation": 0.8, "storage": 0.6},
    types={"review": 2.4, "newsletter": 1.8, "video": 1.4, "white-paper": 0.5},
    pace=0.6,
    visits=1.1,
    pages=3.0,
    dwell=1.9,
    reveals=0.7,
)
HOME_ENERGY = Business(
    personas=(RENOVATORS, SOLAR_FANS, LANDLORDS, TENANTS, CAREFUL_COUPLES),
    start=(0.60, 0.15, 0.13, 0.04, 0.02, 0.04, 0.02),
    stay_days=(20.0, 18.0, 16.0, 10.0, 4.0, 40.0, 60.0),
    moves=(
        (0.0, 0.74, 0.21, 0.04, 0.01, 0.0, 0.0),
        (0.26, 0.0, 0.64, 0.08, 0.02, 0.0, 0.0),
        (0.12, 0.30, 0.0, 0.54, 0.04, 0.0, 0.0),
        (0.05, 0.13, 0.32, 0.0, 0.50, 0.0, 0.0),
        (0.0, 0.0, 0.03, 0.07, 0.0, 0.86, 0.04),
        (0.06, 0.08, 0.15, 0.06, 0.06, 0.0, 0.59),
        (0.0, 0.12, 0.18, 0.10, 0.14, 0.46, 0.0),
    ),
    visits_a_week=(1.0, 1.2, 1.7, 2.6, 3.6, 0.9, 0.8),
    lost=(0.24, 0.15, 0.10, 0.07, 0.03, 0.06, 0.05),
    actions={
        "awareness": {
            "Content Searched": 0.10,
            "Newsletter Subscribed": 0.03,
            "Video Playback Started": 0.06,
        },
        "favorability": {
            "Newsletter Subscribed": 0.12,
            "Content Shared": 0.09,
            "Video Playback Started": 0.07,
            "Content Searched": 0.08,
        },
        "consideration": {
            "Comparison Viewed": 0.14,
            "Pricing Viewed": 0.16,
            "Webinar Attended": 0.07,
            "Content Shared": 0.05,
            "Content Searched": 0.08,
        },
        "intent": {
            "Pricing Viewed": 0.30,
            "Quote Requested": 0.34,
            "Demo Requested": 0.18,
            "Product Added": 0.22,
            "Form Abandoned": 0.06,
        },
        "conversion": {
            "Product Added": 0.25,
            "Payment Info Entered": 0.35,
            "Order Completed": 0.62,
        },
        "after-sales": {
            "Logged In": 0.40,
            "Support Ticket Opened": 0.20,
            "Documentation Viewed": 0.15,
            "Feature Used": 0.18,
            "Survey Answered": 0.10,
            "Complaint Filed": 0.03,
        },
        "loyalty": {
            "Logged In": 0.30,
            "Feature Used": 0.22,
            "Referral Made": 0.16,
            "Invite Sent": 0.06,
            "Survey Answered": 0.08,
            "Product Reviewed": 0.07,
            "Order Completed": 0.04,
        },
    },
    order_value=(9800.0, 0.9),
)

# --- software for companies: long, read by several kinds of people, paid by subscription ----------

DEVELOPERS = HiddenPersona(
    "developers",
    0.3,
    traits={
        "role": {"developer": 0.85, "architect": 0.15},
        "companySize": Number(120, 60, 5),
        "industry": {"software": 0.6, "retail": 0.2, "media": 0.2},
    },
    channels={"search": 5, "direct": 4, "partner": 1},
    devices={"desktop": 9, "mobile": 1},
    hours={10: 2.0, 14: 3.0, 16: 3.0, 20: 2.0, 22: 3.0, 23: 2.0},
    topics={"api": 4.0, "integration": 3.0, "security": 1.5, "open-source": 2.5},
    types={"documentation": 2.5, "release-notes": 2.0, "webinar": 0.4},
    pace=1.4,
    visits=1.3,
    pages=4.5,
)
MARKETERS = HiddenPersona(
    "marketers",
    0.34,
    traits={
        "role": {"marketing manager": 0.9, "editor": 0.1},
        "companySize": Number(400, 150, 20),
        "industry": {"retail": 0.6, "media": 0.3, "software": 0.1},
    },
    channels={"email": 4, "social": 3, "search": 3, "paid": 1},
    devices={"desktop": 6, "mobile": 4},
    hours=OFFICE,
    topics={"campaigns": 3.5, "analytics": 2.0, "personalisation": 3.5},
    types={"webinar": 1.8, "case-study": 1.6, "article": 1.3},
    pages=3.2,
)
EXECUTIVES = HiddenPersona(
    "executives",
    0.16,
    traits={
        "role": {"director": 0.7, "founder": 0.3},
        "companySize": Number(1500, 500, 50),
        "industry": {"retail": 0.3, "finance": 0.6, "software": 0.1},
    },
    channels={"partner": 4, "offline": 2, "email": 3, "direct": 1},
    devices={"mobile": 7, "tablet": 2, "desktop": 1},
    hours=MORNING,
    topics={"strategy": 4.0, "cost": 3.0, "security": 1.0},
    types={"case-study": 2.2, "white-paper": 1.8, "documentation": 0.2},
    pace=0.6,
    visits=0.7,
    pages=2.2,
    dwell=0.7,
)
AGENCIES = HiddenPersona(
    "agencies",
    0.2,
    traits={
        "role": {"consultant": 1.0},
        "companySize": Number(25, 10, 2),
        "industry": {"services": 1.0},
    },
    channels={"partner": 5, "social": 2, "direct": 3},
    devices={"desktop": 7, "mobile": 3},
    hours={12: 1.0, 13: 2.0, 14: 4.0, 15: 4.0, 16: 4.0, 17: 3.0},
    topics={"integration": 2.0, "campaigns": 1.5, "partners": 5.0},
    types={"comparison": 2.0, "webinar": 1.3},
    visits=1.2,
)
B2B_SOFTWARE = Business(
    personas=(DEVELOPERS, MARKETERS, EXECUTIVES, AGENCIES),
    start=(0.50, 0.16, 0.14, 0.04, 0.01, 0.11, 0.04),
    stay_days=(21.0, 18.0, 22.0, 12.0, 5.0, 60.0, 90.0),
    moves=(
        (0.0, 0.68, 0.28, 0.04, 0.0, 0.0, 0.0),
        (0.20, 0.0, 0.68, 0.12, 0.0, 0.0, 0.0),
        (0.09, 0.18, 0.0, 0.69, 0.04, 0.0, 0.0),
        (0.04, 0.06, 0.30, 0.0, 0.60, 0.0, 0.0),
        (0.0, 0.0, 0.02, 0.03, 0.0, 0.92, 0.03),
        (0.05, 0.05, 0.14, 0.06, 0.02, 0.0, 0.68),
        (0.0, 0.08, 0.15, 0.12, 0.05, 0.60, 0.0),
    ),
    visits_a_week=(0.9, 1.2, 1.9, 2.4, 3.0, 2.0, 1.6),
    lost=(0.24, 0.14, 0.08, 0.05, 0.02, 0.02, 0.01),
    actions={
        "awareness": {"Content Searched": 0.08, "Newsletter Subscribed": 0.04},
        "favorability": {"Newsletter Subscribed": 0.12, "Content Shared": 0.08},
        "consideration": {
            "Comparison Viewed": 0.14,
            "Pricing Viewed": 0.18,
            "Webinar Attended": 0.10,
            "Documentation Viewed": 0.12,
        },
        "intent": {
            "Pricing Viewed": 0.30,
            "Trial Started": 0.24,
            "Demo Requested": 0.28,
            "Signed Up": 0.18,
        },
        "conversion": {"Payment Info Entered": 0.45, "Subscription Started": 0.55},
        "after-sales": {
            "Logged In": 0.60,
            "Feature Used": 0.50,
            "Documentation Viewed": 0.25,
            "Support Ticket Opened": 0.16,
            "Survey Answered": 0.07,
        },
        "loyalty": {
            "Logged In": 0.60,
            "Feature Used": 0.55,
            "Invite Sent": 0.16,
            "Referral Made": 0.08,
            "Subscription Renewed": 0.07,
            "Survey Answered": 0.07,
        },
    },
    order_value=(4800.0, 0.7),
)
