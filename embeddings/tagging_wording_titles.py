"""What titles say about content: the first part of the expert's table.

    [where full] what people are told
      = phrases, parted by commas, in lower case and without punctuation; a/b: one of these words,
      = -: or none
      ~ a regular expression of the raw text; lines are joined as they are
      : log odds for types / log odds for phases

`where` is the title, the opening (the description and the first sentences), the headings, the
ending, the body or the structure. `full` is the number of hits (in a body: per 1,000 words) that
counts as 1.
"""

TITLES = r"""
[title 1] “how to”
  = how to, how do/can i/you, wie sie/man, so geht/gelingt
  : guide 1.7 documentation .5 article .1 case-study -.8 landing-page -.6 release-notes -.8
[title 1] “guide” or “tutorial”
  = guide/guides/tutorial/tutorials/walkthrough/handbook/primer, cheat sheet, cheatsheet
  = crash course, for beginners, deep dive, leitfaden/anleitung/ratgeber
  : guide 1.7 documentation .1 landing-page -.3
[title 1] step by step
  ~ (?i)\bstep[- ]by[- ]step\b|\bin \d+ (?:easy |simple )?(?:steps|minutes)\b|\bpart \d\b|
  ~ \bfrom scratch\b
  : guide 1.5 documentation .2
[title 1] “get started”
  = get/getting started, quickstart/quickstarts, quick start, first steps, your first
  = erste schritte
  : guide 1.2 documentation 1.2 / after-sales .2
[title 1] “what is”
  ~ (?i)^(?:what (?:is|are|does|do)|was (?:ist|sind))\b
  : guide 1.1 article .8 documentation -.2 landing-page -.9 release-notes -.8 / awareness .6
[title 1] explained
  = explained/basics/101/understanding/demystified/demystifying/fundamentals/grundlagen
  = -/an introduction to, everything you need to know
  : guide 1 article .4 documentation .2 / awareness .4
[title 1] “why”
  = why/warum/weshalb
  : article 1 guide .4 landing-page -.3 documentation -.5
[title 1] “how we”
  ~ (?i)\b(?:how|why|what|where|when) (?:we|i|our|my)\b|
  ~ \bwe(?:'ve|'re)? (?:\w+ )?(?:built|made|learned|moved|chose|wrote|did|rebuilt|switched|
  ~ found|achieved|migrated|reduced|scaled|ran)\b
  : article 2.1 guide -.4 case-study -.3 documentation -.8 landing-page -.7
[title 1] a number of things
  ~ (?i)^(?:top |the |our |\w+: )?(?:[2-9]|[1-9]\d|two|three|four|five|six|seven|eight|nine|ten)\+?
  ~  (?!\d)(?:\w+ ){0,3}\w+s\b
  : article 1.2 guide .3 comparison .3 documentation -1 landing-page -.6 release-notes -.6
[title 1] tips, mistakes, trends, lessons
  = tips/mistakes/trends/lessons/myths/reasons/ideas/benefits/challenges/ways/secrets/predictions
  = habits/pitfalls/strategies/metrics/questions/skills/takeaways/principles, best practices
  : article 1 guide .7 documentation -.5
[title 1] the best ones of a kind
  ~ (?i)\b(?:best|top|leading|popular)\b.{0,40}\b(?:tools?|software|platforms?|apps?|builders?|
  ~ solutions|services|frameworks?|providers?|vendors|libraries|databases?|systems|generators?|
  ~ options)\b|\b(?:tools|platforms|software|apps|vendors|builders|databases|systems|solutions)\b
  ~ .{0,20}\b(?:for|in|of) 20\d\d\b
  : comparison 1.5 article .7 guide .2 review .3 documentation -1
[title 1] it says so: case study
  ~ (?i)^(?:case study|customer (?:story|spotlight)|success story)\b|\b(?:case study|
  ~ customer story)$
  : case-study 3
[title 1] it says so: white paper
  ~ (?i)^(?:white ?paper|e-?book|research report)\b|\b(?:white ?paper|e-?book)$
  : white-paper 3.5
[title 1] it says so: webinar
  ~ (?i)^(?:\w+[- ])?(?:webinar|webcast)\b|\bwebinar$
  : webinar 3
[title 1] it says so: video
  ~ (?i)^(?:video|watch|episode|podcast)\b ?[:|\d\u2013-]|[|\u2013-] video$|\(\d{1,2}:\d\d\)$
  : video 3.5
[title 1] it says so: newsletter
  ~ (?i)\b(?:newsletter|digest|heartbeat|rundbrief|bulletin)\b|\bletter, \w+ 20\d\d
  : newsletter 2.5
[title 1] it says so: review
  ~ (?i)^(?:review|test|hands[- ]on)\b ?[:|\u2013-]|\breview$
  : review 2.5
[title 1] “vs”
  = vs/versus/compared/comparison/comparisons/comparing/compare/compares/vergleich
  = difference/differences between, which is better, side by side
  : comparison 3 guide -.2 article -.2
[title 1] “X or Y”
  ~ ^[A-Z][\w.+-]*(?: [\w.+-]+){0,4},? or (?:a |an |the )?[\w.+-]+.{0,60}\?
  : comparison 2
[title 1] switching
  = instead of, replacement for, replace/replacing, switch/switching/migrate/migrating/move from
  = moving from
  : comparison .5 landing-page .3 guide .6 article .3
[title 1] “alternatives”
  = alternative/alternatives/competitor/competitors/alternativen
  : comparison 3 landing-page .2 guide .2
[title 1] “review” or “test”
  ~ (?i)\breview(?:ed)?(?::|$| 20\d\d|\?)|^review\b|\bhands[- ]on\b|\bunboxing\b|\bworth it\b|
  ~ \btested:|\bput to the test\b|\bwhat (?:owners|users|customers|buyers) say\b|
  ~ \bratings?\b.{0,20}\bstars\b|\btestbericht\b
  : review 3
[title 1] “case study” or “success story”
  = case study/studies, success/customer/user story/stories, customer spotlight, customer success
  = erfolgsgeschichte/kundenbericht/anwenderbericht/fallstudie/referenz
  : case-study 3.4
[title 1] somebody does something with it
  ~ ^How (?!(?:to|we|I|you|your|does|do|can|our|it|is|are|much|many|the|a|an|and|this|my|long|
  ~ should|not|often|good|bad)\b)[\w.&''-]+(?: [\w.&''-]+){0,4} (?!works?\b)[a-z]+\b|
  ~ \b(?:uses|runs|scales|saves|saved|cuts|boosts|boosted|grew|increased|increases|reduces|reduced|
  ~ achieves|achieved|accelerates|accelerated|transforms|transformed|chose|chooses|relies|trusts|
  ~ improves|improved|streamlines|streamlined|automates|automated|modernizes|modernized|empowers|
  ~ delivers|drives|unlocks|gains|migrates)\b
  : case-study 1.7 article .2 documentation -.5
[title 1] with the help of a product
  ~ [a-z] (?:with|using|on|to) [A-Z][A-Za-z]+(?:\.\w+)?$|^With [A-Z]\w+,[ ]
  : case-study .5 guide .6 article .1
[title 1] an organisation
  ~ \b(?:University|College|Institute|School|Bank|Group|Inc\.?|GmbH|Ltd\.?|Labs?|Corp\.?|
  ~ Corporation|Airlines|Hospital|Foundation|Agency|Department|Ministry|Council|City of|
  ~ Insurance|Energy|Telecom|Media|Holdings?|Hotel|Society|Federal|Universität)\b
  : case-study 1.2 article .1 documentation -.3
[title 1] “introducing” or “announcing”
  ~ (?i)(?:^|: ?)(?:introducing|announcing|say hello|launching|presenting|unveiling)\b|
  ~ \b(?:is|are) (?:here|live|now|out)\b|\bhas landed\b|\bgeneral(?:ly)? availab|
  ~ \bnow (?:available|supports?|in|with|live|generally)\b|\b(?:public|open|private) (?:beta|
  ~ preview)\b
  : release-notes 1.8 article .4 landing-page -.5 documentation -.9
[title 1] “new” or “improved”
  = new/now/improved/improve/improvement/improvements/faster/better/upgraded/upgrade/rework
  = reworked/redesign/redesigned/revamp/revamped/enhanced/enhancement/enhancements/updated
  = deprecated/deprecation/sunset/sunsetting, support for, neu/neue/neuer
  : release-notes 1 documentation -.3 case-study -.1
[title 1] “release” or “changelog”
  = release/releases/released/changelog/hotfix/patch/bugfix/bugfixes/roundup/versionshinweise
  = what s new, whats new, product update/updates, launch week, breaking change/changes, bug fixes
  : release-notes 2.3 article -.2 guide -.3 documentation -.5
[title 1] “update”
  = update/updates/launch/launches/launched/beta/ga/roadmap
  : release-notes 1.3 article .2 newsletter .3
[title 1] a version number
  ~ \bv?\d+\.\d+(?:\.\d+)?\b(?!%| ?(?:million|billion|x|ms|s|k|B|M|kg|km|kWp?|kWh|W|V|A|m|cm|mm|l|
  ~ GB|TB|MB|°C|%|€|inch)\b)|\b[vV]\d+\b|\bversion \d
  : release-notes 1.8 article -.1
[title 1] a date
  ~ (?i)\b(?:january|february|march|april|may|june|july|august|september|october|november|december|
  ~ spring|summer|autumn|winter|q[1-4])\b(?:,? (?:\d|update|release)|$)|^\d{4}[-/ ]\d{2}|
  ~ ^\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}
  : release-notes 1.2 newsletter 1.2 documentation -.5
[title 1] “reference” or “API”
  = reference/api/apis/sdk/cli/command/commands/function/functions/keyword/parameter/parameters
  = configuration/settings/syntax/schema/options/specification/provider/glossary/endpoint
  = endpoints/variables/operators/types/properties/permissions/roles/methods/events/attributes
  : documentation 1.7 landing-page -.2 case-study -.4 release-notes -.2
[title 1] setting it up
  ~ (?i)^(?:install|configur|set(?:ting)? up|manag|us(?:e|ing)\b|enabl|connect|migrat|upgrad|creat|
  ~ add|deploy|authenticat|monitor|troubleshoot|updat|import|export|delet|remov|edit|view|invit|
  ~ run(?:ning)?\b|writ|test|work(?:ing)? with|handl|customi[sz]|access|self-host)\w*\b
  : documentation 1 guide .8 landing-page -.1 case-study -.5
[title 1] doing something
  ~ ^[A-Z][a-z]{2,}ing\b(?! (?:the|our|us|a new)\b)
  : guide .8 documentation .5 article .1 comparison -.2
[title 1] code
  ~ \w\(\)|\w_\w|^\w+\.\w+\.?\w*$|\w\.\w+\(|^[a-z][a-z-]+(?: [a-z-]+)?$|--\w|
  ~ ^[A-Z ]{4,} (?:keyword|statement|function)
  : documentation 1.8
[title 1] “troubleshooting” or “FAQ”
  = troubleshooting/faq/faqs/help/support/errors/error/limits/requirements/overview/architecture
  = concepts/limitations/introduction/installation/authentication/webhooks/debugging/migration
  = frequently asked, common issues, known issues, self hosted
  : documentation 1.1 release-notes -.2 article -.4 / after-sales .2
[title 1] “integration”
  = integration/integrations/connector/connectors/plugin/extension, add on
  : documentation .4 landing-page 1.1 product-page .1 release-notes .2
[title 1] a brand at its end
  ~ \w{2}.{0,60} (?:\||·|•|\u2013|—) (?:[A-Z]\S*|[a-z]+[A-Z]\w*)(?: [A-Z]\S*){0,2}$|.{12} \| .{4}
  : landing-page .9 documentation .1 guide .1 article -.1 release-notes -.4
[title 1] “pricing” or “plans”
  ~ (?i)^(?:\S+ )?(?:pricing|plans|prices|price list|preise|tarife|costs?)\b(?! (?:change|update|
  ~ model))|\bplans (?:and|&) pricing|\bpricing (?:plans?|page|\|)
  : pricing 4 landing-page .4 / intent .6
[title 1] money
  = pricing/price/prices/cost/costs/roi/budget
  : pricing .6 article .3 comparison .2
[title 1] “webinar”
  = webinar/webinars/webcast/masterclass, live session, online seminar, virtual event
  = fireside chat
  : webinar 4
[title 1] “white paper” or “e-book”
  = whitepaper/whitepapers/ebook/gartner/forrester/datasheet, white paper, e book, data sheet
  = analyst/research/industry/benchmark report, field study, magic quadrant
  = total economic impact
  : white-paper 3.2 landing-page .2
[title 1] a report or a study
  = report/reports/survey/study/research/paper/findings/benchmark/benchmarks, state of
  : white-paper 1.2 article .6 case-study -.2
[title 1] “newsletter” or “digest”
  ~ (?i)\bnewsletter\b|\bdigest\b|\bweekly\b|\bthis (?:month|week)\b|\bbulletin\b|\bedition\b|
  ~ \bissue (?:#|no\.? ?)?\d|\b(?:january|february|march|april|may|june|july|august|september|
  ~ october|november|december) (?:'?\d+ )?(?:newsletter|heartbeat|recap|digest|round-?up)|^#\d+|
  ~ \bcommunity (?:update|news|round-?up|highlights)\b|\bmonthly (?:update|news|recap|review)
  : newsletter 3 / loyalty .3
[title 1] “video” or “watch”
  ~ (?i)^(?:video|watch)\b|\bvideo:|\bepisode\b|\bpodcast\b|\btrailer\b|\blivestream\b|
  ~ \(\d{1,2}:\d\d\)|\bin a (?:short )?video\b|\bep\. ?\d|\bscreencast\b|\bvideo (?:demo|tour)\b|
  ~ \bdemo video\b
  : video 2.6 webinar .4
[title 1] a buying offer
  = buy/shop/sale/deal/offer/bundle, gift card, set of
  : product-page 1.2 landing-page .4
[title 1] a promise
  ~ (?i)\bthe (?:fastest|easiest|best|only|simplest|modern|complete|leading|open[- ]source|#1)\b|
  ~ \ball-in-one\b|\bmade (?:easy|simple)\b|\bwithout the\b|\bin (?:seconds|minutes)\b|\bat scale\b|
  ~ \b(?:ship|build|move|scale|deploy|launch) (?:\w+ ){0,3}faster\b|\beffortless|\bsimplified\b|
  ~ \byour (?:team|business|data|customers|users|company|entire)\b
  : landing-page 1.2 product-page .2 article .1 documentation -.6 / favorability .3
[title 1] for some audience
  ~ (?i)\bfor (?:\w+[ -]){0,2}(?:teams?|startups?|enterprises?|business(?:es)?|developers|everyone|
  ~ agencies|engineers|companies|industry|education|students|government|healthcare|finance|saas|
  ~ marketers?|sales|nonprofits?|public sector|organi[sz]ations?|professionals|projects|retail|
  ~ families|home ?owners|providers|infrastructure)\b
  : landing-page 1.2 article .2 guide .1 documentation -.7 release-notes -.1 / favorability .2
[title 1] a kind of software
  ~ (?i)\b(?:platform|software|solutions?|builder|suite|use cases?|features?|templates?|generator|
  ~ checker|calculator|playground|enterprise|marketplace|cloud|partners?|products?|services?|
  ~ managed)$|\bplatform\b|\buse case\b|^(?:features?|enterprise|security|partners?|solutions?|
  ~ customers|product|home|demo|download)\b
  : landing-page 1.1 product-page .3 article -.1 guide -.2 release-notes -.2
[title 1] an invitation to act
  ~ (?i)^(?:get|try|start|book|request|talk|contact|join|download|discover|see|explore|automate|
  ~ build|ship|turn|bring|unlock|save|stop|simplify|secure|protect|grow)\b(?! to know)
  : landing-page .8 guide .2 article .2 documentation -.2
[title 1] a legal or company page
  ~ (?i)^(?:\w+ )?(?:privacy|terms|imprint|impressum|datenschutz|cookies?|careers?|jobs?|legal|
  ~ contact(?: us)?|not found|404|log ?in|about(?: us)?|press|team)
  ~ (?: (?:policy|notice|of (?:service|use)|and conditions|kit))?$
  : other 3.2 landing-page .3
[title 1] a story in the first person
  ~ \b(?:We|we|Our|our|My|my|I|us|Behind|Lessons|[Jj]ourney|[Ss]tory|[Tt]houghts|[Ii]nterview|
  ~ [Rr]etrospective|[Pp]ost-?mortem|[Ii]ncident|[Rr]eflections?)\b|\b(?:raises?|acquires?|joins?|
  ~ hiring|funding|Series [A-D]|anniversary|year in review|the future of|Q&A|meet the|community|
  ~ culture|contributors?)\b
  : article 1.5 newsletter .8 review .6 video .5 documentation -.9 landing-page -.5 guide -.4
[title 1] a catchy phrase
  ~ ^(?!(?:How|What)\b)[^:\u2013—]{4,40}(?::| [\u2013—-] )(?! ?\d)(?! (?:Guide|Tutorial|Reference|
  ~ API))
  ~  ?[\w“"\u2018][^|]{14,}$|…|\.\.\.|\b(?:is|are) (?:not|dead|broken|hard|boring|wrong|
  ~ overrated)\b|
  ~ \b[Nn]obody\b|\bshould(?:n't)?\b|\bmatters?\b|\b[Tt]he art of\b
  : article .7 guide .2 review .5 case-study .3 white-paper .3 newsletter .3 video .3 comparison .2
  : documentation -.6 release-notes -.1
[title 1] a question
  ~ \?\s*$
  : article .5 guide .6 documentation -.5 landing-page -.5 release-notes -.8
[title 1] excitement
  ~ !\s*$|[🌀-🫿✨❤⚡]
  : release-notes .6 newsletter .6 article .4 documentation -.8
[title 1] loyalty
  = refer/referral/rewards/loyalty/ambassador/ambassadors/vip, renew your, tell your, for members
  : landing-page .3 / loyalty 3.5
[title 1] an order
  ~ (?i)^checkout\b|\border confirmation\b|^thank you\b|\byour order\b|^complete your\b|
  ~ \bpayment details\b|^(?:sign up|create (?:your|an) account)$
  : landing-page .3 other .4 / conversion 3.5
[title 1] about the company
  = about us, our story/mission/values, who we are, award/awards/press/sustainability, made in
  : other .8 landing-page .4 article .3 / favorability 2.5
[title 1] choosing
  = choose/choosing/which, what size, right for you, worth it, should you, how much/many, buyer s
  : - / consideration 1.5
[title 1] ordering
  ~ ^(?:Order|Buy|Book|Reserve)\b|\b[Ss]ign up online\b
  : - / conversion 1.5 intent .5
[title 1] for those who have it
  = for customers/owners, customer webinar/event/day, care plan/plans, existing customers
  = your first winter/summer/week/month/year, after the/your installation/purchase
  : - / after-sales 2 loyalty 1.5
[title 1] who knows it well
  = customers who, owners compare, came back, years with/of, loyal, thank you
  : - / loyalty 1.5 favorability .8
"""
