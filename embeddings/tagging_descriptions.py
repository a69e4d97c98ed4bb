"""The tagger's knowledge before any data: our own sentences for each type and phase, base rates.

Half the sentences say what such content is, half sound like it, over many trades, so that what
the sentences of a class share is its kind and not its subject.
"""

from __future__ import annotations

TYPE_DESCRIPTIONS: dict[str, tuple[str, ...]] = {
    "guide": (
        "A step-by-step tutorial that teaches the reader how to do something from start to finish.",
        "How to set up your first project: a beginner's guide with examples.",
        "In this tutorial you will build a small application. First create a new folder, then "
        "install the tools and follow these steps.",
        "The complete guide to planting roses: choosing the soil, digging the hole, watering.",
        "Learn the basics: what it is, how it works and how you can use it yourself.",
    ),
    "article": (
        "A blog post in which the author shares opinions, experiences and lessons learned.",
        "Why we changed our minds about meetings, and what happened to the team afterwards.",
        "Seven trends that will shape the industry next year.",
        "What is process automation, and why does it matter for growing businesses?",
        "A story from our engineers: how a small bug taught us to think about scale differently.",
        "Meet a member of our community, who talks about work, career and contributing.",
    ),
    "video": (
        "A video to watch, with a player, its length in minutes and a transcript.",
        "Watch this short clip to see it in action. Subscribe to our channel for more videos.",
        "Episode 12: in this video our host shows around the workshop. Transcript below.",
    ),
    "webinar": (
        "An online seminar with a date, speakers and a form to register for it.",
        "Register now for our live webinar. Our experts present and answer your questions.",
        "Watch the recording of the webinar on demand: agenda, speakers, slides and Q&A.",
    ),
    "white-paper": (
        "A white paper or research report with an executive summary, methodology and findings.",
        "We surveyed 1,200 managers. Key findings, respondents by industry, recommendations.",
        "Download the free e-book: a 40-page in-depth report about the state of the market.",
        "Abstract. This paper examines the architecture and presents results and references.",
    ),
    "product-page": (
        "The page of one product with its features, specifications, price and a buy button.",
        "Waterproof hiking boots with a soft lining. In stock. Choose your size, add to cart.",
        "Everything it does at a glance: features, integrations and technical specifications.",
        "Dimensions, weight, materials, warranty and delivery of this item.",
    ),
    "review": (
        "A review in which a tester judges a product: what is good, what is bad, the verdict.",
        "We tested the new vacuum cleaner for two weeks. Pros, cons and our rating: 4 out of 5.",
        "Hands-on: is it worth the money? Our honest opinion after a month of daily use.",
    ),
    "comparison": (
        "A comparison of two or more products side by side: differences, features and prices.",
        "One tool versus another: which one is better for your team?",
        "The ten best alternatives and competitors, compared by features, price and ease of use.",
        "Looking for an alternative? Here is how we differ and why customers switch to us.",
    ),
    "case-study": (
        "A customer success story: the company, its challenge, the solution and the results.",
        "How a bakery chain cut its energy costs by 30 percent with our software.",
        "The customer chose us to replace its old system. Since then the team saves ten hours a "
        "week, says the head of operations.",
        "About the customer. The challenge. The solution. The results.",
    ),
    "landing-page": (
        "A landing page that promotes an offer with short claims and a call to action.",
        "Everything your team needs in one place. Start for free today. No credit card required.",
        "Built for teams who move fast. Trusted by thousands of companies. Book a demo.",
        "Connect your favourite tools in one click with our integration. Get started.",
        "Save time, reduce costs and delight your customers with our platform.",
    ),
    "pricing": (
        "A price list with plans, what each of them contains and what it costs per month.",
        "Free, Pro and Enterprise. Billed yearly, per user and month. Contact sales.",
        "Simple, transparent pricing. Choose the plan that fits your needs. Cancel at any time.",
    ),
    "documentation": (
        "Technical reference documentation that describes commands, parameters and options.",
        "Returns the list of items. Arguments, default values, response codes, example usage.",
        "Configure the integration: enter the API key in the settings, then save.",
        "Syntax and description of the function, with notes about supported data types.",
        "This page explains how the configuration file is organised and lists common errors.",
    ),
    "release-notes": (
        "Release notes and a changelog: what is new, improved and fixed in this version.",
        "You can now filter the list by date. We have also fixed a bug in the export.",
        "Version 3.2 is available: new features, performance improvements and bug fixes.",
        "Introducing a new feature: from today it is available to all customers on paid plans.",
    ),
    "newsletter": (
        "An e-mail newsletter with short news items, links and greetings to its subscribers.",
        "Welcome to this month's issue. In this edition: our news, reads of the week and events.",
        "You receive this e-mail because you subscribed. Unsubscribe. Forward it to a friend.",
        "Monthly community update: highlights, upcoming meet-ups, new members, contributions.",
    ),
    "other": (
        "A legal or organisational page: privacy policy, terms, imprint, contact, careers.",
        "We process personal data in accordance with the law. Cookies. Your rights.",
        "The page you are looking for does not exist.",
        "We are hiring: your tasks, your profile, what we offer. Apply now.",
    ),
}

PHASE_DESCRIPTIONS: dict[str, tuple[str, ...]] = {
    "awareness": (
        "For people who notice a problem or are curious and want to understand a subject.",
        "What is it, why does it matter, and where does one begin? An introduction for beginners.",
        "Tips, trends, ideas and background knowledge, without selling a product.",
        "A tutorial that teaches a general skill to anybody who is interested.",
    ),
    "favorability": (
        "For people who get to know a brand and begin to like it.",
        "Who we are, what we believe in and why our customers love us. Our story and mission.",
        "Awards, press coverage and a glance behind the scenes of our company.",
        "Follow us and join our community for inspiration.",
    ),
    "consideration": (
        "For people who compare solutions and weigh their advantages and drawbacks.",
        "Which product is right for you? Alternatives, differences, pros and cons.",
        "Proof that it works: customer success stories, results and independent tests.",
        "An in-depth report that helps to evaluate vendors and to build a business case.",
    ),
    "intent": (
        "For people who are about to choose and want prices, a trial, a quote or a demo.",
        "Plans and prices. Start your free trial, book a demo, talk to sales.",
        "See everything the product does for you, and get started today.",
        "Ask for an offer, find a shop near you, check whether it is in stock.",
    ),
    "conversion": (
        "For people who are buying at this moment.",
        "Checkout: enter your delivery address and payment details to complete your order.",
        "Thank you for your order. Here is your order confirmation and invoice.",
        "Create your account and sign the contract in a few minutes.",
    ),
    "after-sales": (
        "For customers who use the product and need help with it.",
        "Documentation, configuration, troubleshooting and support for existing users.",
        "What changed in the latest version: new features, improvements, bug fixes.",
        "Care instructions, returns, repairs, warranty claims and spare parts.",
    ),
    "loyalty": (
        "For loyal customers who renew, come back and recommend the product to others.",
        "Refer a friend and get a reward. Our loyalty programme for members.",
        "Renew your subscription and keep your benefits as a valued long-time customer.",
        "Become an ambassador, share your experience, join the customer community.",
    ),
}

COMMON = {  # how often a type occurs, in log odds
    "guide": 0.6, "article": 0.9, "documentation": 0.8, "release-notes": 0.3, "landing-page": 0.5,
    "comparison": -0.2, "case-study": -0.2, "product-page": -0.3, "pricing": -0.5, "other": -0.6,
    "white-paper": -0.6, "newsletter": -0.6, "video": -0.8, "webinar": -0.8, "review": -0.8,
}  # fmt: skip
COMMON_PHASES = {
    "awareness": 0.8, "favorability": -0.6, "consideration": 0.2, "intent": 0.2,
    "conversion": -1.0, "after-sales": 0.8, "loyalty": -1.0,
}  # fmt: skip
SERVES = {  # which phases a type usually serves, in log odds
    "guide": {"awareness": 3.0, "after-sales": 0.6},
    "article": {"awareness": 3.0, "favorability": 0.6},
    "video": {"awareness": 1.2, "favorability": 1.0, "consideration": 0.6},
    "webinar": {"consideration": 1.8, "awareness": 0.6},
    "white-paper": {"consideration": 2.4, "awareness": 0.8},
    "product-page": {"intent": 2.4, "consideration": 0.8},
    "review": {"consideration": 2.6},
    "comparison": {"consideration": 3.0},
    "case-study": {"consideration": 2.6, "favorability": 1.4},
    "landing-page": {"intent": 2.6, "favorability": 1.2},
    "pricing": {"intent": 3.0},
    "documentation": {"after-sales": 3.0},
    "release-notes": {"after-sales": 3.0, "loyalty": 0.4},
    "newsletter": {"after-sales": 1.8, "loyalty": 1.4, "favorability": 0.6},
    "other": {"favorability": 0.6, "after-sales": 0.4},
}
