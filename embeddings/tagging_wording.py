"""What each wording and structure says about content: the expert's table that `signals` reads.

    [where full] what people are told
      = phrases, parted by commas, in lower case without punctuation (`*`: any ending)
      ~ a regular expression of the raw text, in place of phrases; lines are joined as they are
      : log odds for types / log odds for phases

`where` is the title, the opening (the description and the first sentences), the headings, the
body or the structure. `full` is the number of hits (in a body: per 1,000 words) that counts as 1.
"""

WORDING = r"""
[title 1] “how to”
  = how to, wie sie, wie man, so geht, so gelingt
  : guide 1.6 documentation .3 case-study -.6 / awareness .5
[title 1] “guide” or “tutorial”
  = guide, tutorial, guides, walkthrough, leitfaden, anleitung, ratgeber, cheat sheet
  = handbook, template
  : guide 1.6 / awareness .5
[title 1] “get started”
  = get started, getting started, quickstart, quick start, first steps, erste schritte, tour
  : guide 1.3 documentation 1 / after-sales .4
[title 1] “what is”
  = what is, what are, what does, was ist, was sind, explained, basics, introduction to, 101
  = understanding
  : guide .9 article .6 / awareness 1.2
[title 1] “why”
  = why, warum, weshalb
  : article .9 guide .2 / awareness .5
[title 1] a number of things
  ~ (?i)^(?:top |the |our )?(?:\d{1,2}|five|ten|seven|three|six|eight|nine|four|fünf|zehn|
  ~ sieben|drei)\+? (?!\d)[\w-]+
  : article 1 comparison .4 / awareness .5
[title 1] “best” or “top”
  = best, top, besten, beste, roundup
  : article .6 comparison .6 / consideration .3
[title 1] “vs”
  = vs, versus, compared, comparison, comparing, compare, vergleich, im vergleich, oder
  = difference between, differences between
  : comparison 2.8 / consideration 1.2
[title 1] “alternatives”
  = alternative, alternatives, competitors, alternativen, instead of
  : comparison 2.6 / consideration 1.2
[title 1] “review” or “test”
  = review, reviews, reviewed, hands on, test, testbericht, erfahrungen, unboxing, tested
  = worth it
  : review 1.8 / consideration .6
[title 1] “case study” or “success story”
  = case study, case studies, success story, customer story, customer stories, success stories
  = customer spotlight, erfolgsgeschichte, kundenbericht, anwenderbericht, fallstudie
  = referenz
  : case-study 3.2 / consideration 1
[title 1] somebody does something with it
  ~ (?:^How (?!(?:to|we|I|you|does|do|can|our|it|is|much|many|the)\b)
  ~ [\w.&'\u2019-]+(?: [\w.&'\u2019-]+){0,3} |\b)(?:[a-z]+s with|uses|runs|scales|saves|saved|cuts|
  ~ cut|boosts|boosted|grew|increased|increases|reduces|reduced|achieves|achieved|accelerates|
  ~ accelerated|transforms|transformed|spart|senkt|setzt auf)[ ]
  : case-study 2 / consideration .5
[title 1] “introducing” or “announcing”
  = introducing, announcing, announcement, we are launching, now available, is here, is now
  = launches, launch, public beta, beta, general availability, neu, jetzt verfügbar, new
  = now supports, support for
  : release-notes 1.5 article .3 / after-sales .4
[title 1] “release” or “update”
  = release, releases, released, changelog, release notes, whats new, what s new
  = product update, update, updates, upgraded, patch, hotfix, deprecat*, versionshinweise
  = neuerungen
  : release-notes 2.4 article -.3 / after-sales .8
[title 1] a version number
  ~ \bv?\d+\.\d+(?:\.\d+)?\b|\bv\d+\b|\bV\d+\b
  : release-notes 1.6 / after-sales .6
[title 1] a month or a year with a month
  ~ (?i)\b(?:january|february|march|april|may|june|july|august|september|october|november|
  ~ december|januar|februar|märz|mai|juni|juli|oktober|dezember)\b(?: \d{4})?|^\d{4} \d{2}$
  : release-notes 1 newsletter 1
[title 1] “reference” or “API”
  = reference, api, sdk, cli, command, commands, function, functions, keyword, parameters
  = configuration, settings, syntax, schema, options, specification, referenz, provider
  : documentation 1.6 / after-sales .7
[title 1] setting it up
  ~ (?i)^(?:install|configur|set(?:ting)? up|manag|using|use|enabl|connect|migrat|upgrad|creat|
  ~ add|deploy|authenticat|monitor|troubleshoot|installation|konfigur|einricht)\w*\b
  : documentation .8 guide .7 / after-sales .5
[title 1] code
  ~ \w\(\)|\w_\w|\w\.\w+\(|^[a-z]+(?: [a-z]+)?$|--\w
  : documentation 1 / after-sales .4
[title 1] “troubleshooting” or “FAQ”
  = troubleshooting, faq, help, support, common issues, known issues, errors, error, limits
  = requirements, overview, architecture, hilfe, häufige fragen
  : documentation 1.1 / after-sales .8
[title 1] “integration”
  = integration, integrations, connector, plugin, add on, anbindung
  : documentation .4 landing-page .7 product-page .3 / intent .2
[title 1] “pricing” or “plans”
  = pricing, plans, price, prices, plans and pricing, preise, tarife, kosten
  : pricing 3 / intent 1.5
[title 1] “webinar”
  = webinar, webinars, webcast, live session, on demand, online seminar, workshop, masterclass
  : webinar 3.2 / consideration .4
[title 1] “white paper” or “report”
  = white paper, whitepaper, ebook, e book, report, state of, survey, benchmark report
  = research, studie, paper, study, analyst
  : white-paper 2.2 case-study -.2 / consideration .5
[title 1] “newsletter” or “digest”
  = newsletter, digest, weekly, monthly, this month, this week, issue, edition, ausgabe
  = heartbeat, community update, bulletin
  : newsletter 2.2 / after-sales .3 loyalty .3
[title 1] “video” or “watch”
  = video, watch, episode, podcast, trailer, livestream, clip, film
  : video 2.2
[title 1] a buying offer
  = buy, kaufen, shop, order, sale, deal, offer, angebot, set of
  : product-page 1 landing-page .5 / intent .8
[title 1] a promise
  ~ (?i)\b(?:for (?:teams|startups|enterprise|business|developers|everyone|agencies|small)|
  ~ platform|software for|solution|solutions|all-in-one|made (?:easy|simple)|the (?:fastest|
  ~ easiest|best|only)|without the|in minutes|features?|build .* faster|use case|your \w+)\b
  : landing-page .9 product-page .4 / intent .3 favorability .2
[title 1] a legal or company page
  = privacy, terms, imprint, impressum, datenschutz, agb, cookie, careers, jobs, contact
  = kontakt, legal, not found, 404, login, karriere, stellenangebot
  : other 2.6
[title 1] a story in the first person
  ~ \b(?:[Ww]e|[Oo]ur|[Mm]y|I|us|Meet|Behind|Lessons|[Jj]ourney|[Ss]tory|[Tt]houghts|
  ~ [Rr]etrospective|[Ii]nterview|wir|[Uu]nsere?)\b
  : article 1.1 documentation -.6 landing-page -.3 / awareness .4
[title 1] a question
  ~ \?\s*$
  : article .5 guide .4 documentation -.3 / awareness .5
[title 1] loyalty
  = refer, referral, rewards, loyalty, ambassador, ambassadors, renew, renewal, vip
  = anniversary, treueprogramm, freunde werben, members, member
  : landing-page .3 / loyalty 2.4
[title 1] an order
  = checkout, order confirmation, thank you, your order, complete your, payment, bestellung
  = kasse, danke, sign up, create your account, create account
  : landing-page .3 other .4 / conversion 2.4
[title 1] about the company
  = about us, our story, our mission, über uns, our values, who we are, awards, award, press
  : other .6 landing-page .4 article .2 / favorability 2
[opening 1] “in this guide”
  = in this guide, in this tutorial, this tutorial, this guide, we ll build, we will build
  = you will learn, you ll learn, learn how to, show you how, step by step, in diesem tutorial
  = schritt für schritt, follow along, walk you through, walk through
  : guide 1.3 / awareness .2
[opening 1] “in this article”
  = in this article, in this post, this post, this blog, blog post, this article
  = in diesem artikel, i ve been, we ve been, recently, last week, last year, years ago
  = months ago
  : article 1.1 / awareness .4
[opening 1] “you can now”
  = you can now, we are excited, we re excited, excited to announce, happy to announce
  = proud to announce, we ve added, now supports, now support, we have added, as of today
  = we re releasing, releasing, new version, ab sofort, wir freuen uns, is now available
  = are now available, has been upgraded, we just
  : release-notes 1.8 / after-sales .5
[opening 1] “this page”
  = this page, this section, this document, this reference, the following, this command
  = this function, this method, diese seite, api reference, is used to, used to, allows you to
  = lets you, reference
  : documentation .9 / after-sales .4
[opening 1] a definition
  ~ \b(?:is|are) (?:a|an|the process|the practice|when)[ ]
  : guide .3 article .3 / awareness .4
[opening 1] looking for an alternative
  = alternative to, alternatives to, looking for an alternative, in depth comparison, compare
  = compares, comparison, differences between, which one is, versus, vs, competitors
  = side by side
  : comparison 1.5 / consideration .8
[opening 1] a call to action
  = get started, start for free, sign up, book a demo, request a demo, free trial, try it free
  = contact sales, no credit card, start free, jetzt testen, kostenlos testen, demo anfordern
  = start now, learn more, join the waitlist, trusted by
  : landing-page 1.3 pricing .4 documentation -.4 / intent .8
[opening 1] customers are quoted
  = customer, customers, chose, the company, the university, founded in, headquartered
  = employees, the challenge, the team at, leading provider, kunde
  : case-study .9 / consideration .2
[opening 1] readers are greeted
  = hi there, dear reader, dear readers, hello everyone, welcome to, happy new year
  = liebe leserinnen, hallo, this month, in this issue, this edition, here s what, subscribers
  : newsletter 1.3 article .2
[opening 1] a survey or a study
  = executive summary, abstract, we surveyed, respondents, survey of, key findings, this paper
  = white paper, whitepaper, this report, the report, download the, umfrage unter
  : white-paper 1.8 / consideration .5
[opening 1] an invitation
  = register, join us, speakers, save your seat, live webinar, webinar, on demand
  = presented by, agenda, jetzt anmelden, recording
  : webinar 1.7 / consideration .3
[opening 1] something to watch
  = watch, this video, in this video, transcript, episode, subscribe to our channel
  = minutes long, das video
  : video 1.6
[opening 1] a test
  = we tested, i tested, our verdict, verdict, stars, our rating, hands on, after two weeks
  = wir haben getestet, fazit, testurteil
  : review 1.6 / consideration .6
[opening 1] “free” or “easy”
  = free, easy, easily, fast, faster, powerful, simple, seamless, effortless, beautiful
  = secure, scalable
  : landing-page .6 documentation -.2 / intent .2
[opening 1] a photo credit
  = photo by, image by, unsplash, cover image, foto von
  : article .5 guide .3 documentation -.5
[headings 2] challenge, solution, results
  = the challenge, challenge, the solution, solution, the results, results, outcome, outcomes
  = about the company, customer, industry, herausforderung, lösung, ergebnis
  : case-study 1.7 white-paper .2 / consideration .4
[headings 2] steps
  ~ (?im)^(?:step )?\d{1,2}[.:)]? \w|^step|^schritt|prerequisites|requirements|
  ~ before you (?:begin|start)|next steps|what you'll need|voraussetzungen
  : guide 1 documentation .5 / after-sales .1
[headings 2] reference sections
  ~ (?im)^(?:syntax|parameters?|arguments?|options|returns?|examples?|usage|synopsis|
  ~ description|default|response|request|properties|attributes|errors?|see also|configuration|
  ~ notes?|authentication|limitations|known issues|troubleshooting)\b
  : documentation 1.5 article -.3 / after-sales .6
[headings 2] what is, why, how
  ~ (?im)^(?:what (?:is|are)|why|how (?:does|do|can)|when|benefits|types of|best practices|
  ~ was ist|warum)\b
  : guide .5 article .6 / awareness .8
[headings 1] conclusion
  ~ (?im)^(?:conclusion|summary|wrapping up|final thoughts|takeaways|key takeaways|what's next|
  ~ closing|fazit|tl;?dr|background|lessons learned)\b
  : article .6 guide .3 white-paper .2 / awareness .3
[headings 1] fixes and improvements
  ~ (?im)bug ?fix|fixes|fixed|improvements|new features|what's new|breaking changes|deprecat|
  ~ upgrade|changelog|added|removed|release|other changes|notable|security
  : release-notes 1.6 / after-sales .5
[headings 1] pros and cons
  = pros, cons, advantages, drawbacks, disadvantages, verdict, vorteile, nachteile, rating
  = features, pricing, summary table, when to choose, key differences, at a glance
  : comparison 1 review .8 / consideration .8
[headings 1] plans and prices
  = pricing, plans, enterprise, pro, free, starter, compare plans, preise, tarife, business
  = team
  : pricing 1.2 comparison .3 / intent .6
[headings 1] survey sections
  = executive summary, methodology, key findings, findings, about this report, abstract
  = references, recommendations, appendix, about the authors, demographics
  : white-paper 1.8 / consideration .3
[headings 1] news sections
  ~ (?im)\b(?:news|events|meetups?|upcoming|from the community|reads|highlights|coming (?:up|
  ~ soon)|what we're reading|shout-?outs?|tip of the|jobs)\b
  : newsletter 1.2
[headings 1] product data
  = specifications, technical data, dimensions, delivery, in the box, warranty, materials
  = technische daten, lieferumfang, size guide
  : product-page 1.8 / intent .5
[body 8] “you can now”, “added”, “fixed”
  = you can now, we ve added, we ve, fixed, fix, added, adds, improved, improvements
  = now supports, no longer, bug fixes, new feature, upgraded, deprecated, this release
  = ab sofort, behoben, merge request
  : release-notes 1.7 / after-sales .4
[body 10] instructions
  = click, select, choose, open, enter, run, create a, add the, make sure, go to, navigate to
  = press, install, first, next, then, klicken, wählen, öffnen
  : guide 1 documentation .5 article -.4 landing-page -.4
[body 8] reference words
  = default, optional, required, parameter, parameters, returns, value, values, specified
  = string, boolean, true, false, argument, option, options, must be, see also, config, field
  = configure
  : documentation 1.5 article -.6 case-study -.5 / after-sales .5
[body 20] “I” and “my”
  = i, my, me, i m, i ve, ich, mein, meine
  : article 1.2 review .4 documentation -.5 / awareness .2
[body 20] “we” and “our”
  = we, our, us, we re, wir, unser, unsere
  : article .6 release-notes .3 case-study .4 documentation -.5
[body 25] “you” and “your”
  = you, your, you re, sie, ihr, ihre, ihren
  : guide .4 landing-page .5
[body 5] people are quoted
  ~ [”\"»“][,.]? ?(?:[a-z]+ ){0,2}(?:says?|said|explains?|explained|adds|sagt|erklärt|notes|
  ~ according)|(?:says?|said|explained|sagt|erklärt)[,:]? [“\"„«]|[”\"] ?(?:[-\u2013\u2014]|
  ~ ,) ?[A-Z][a-z]+ [A-Z][a-z]+|\b(?:said|says) [A-Z]\w+|\b[A-Z]\w+ (?:said|says)\b
  : case-study 1.5 article .4 / consideration .2
[body 6] percentages and savings
  ~ \d ?%|\bpercent\b|\bProzent\b|\d+x\b
  : case-study .6 white-paper .8 article .1 / consideration .2
[body 6] prices
  ~ [$€£]\s?\d|\d\s?€|\bper (?:user|seat|month)\b|\/mo(?:nth)?\b|\bpro Monat\b|\bbilled\b
  : pricing 1.6 comparison .6 product-page .6 / intent .5
[body 5] calls to action
  = get started, start for free, sign up, book a demo, request a demo, free trial, try it
  = contact sales, contact us, no credit card, start free, buy now, add to cart, learn more
  = kostenlos testen, jetzt kaufen, in den warenkorb, jetzt testen
  : landing-page 1.2 pricing .5 product-page .6 / intent .9
[body 5] shop words
  = in stock, add to cart, free shipping, delivery, warranty, sku, size, colour, color
  = material, lieferzeit, auf lager, warenkorb, versand
  : product-page 1.8 / intent .9
[body 5] comparing words
  = alternative, alternatives, competitors, compared to, compared with, whereas, unlike
  = on the other hand, pros, cons, advantages, disadvantages, pricing, free plan, better for
  = best for, ideal for, vs, versus, hingegen, nachteile
  : comparison 1.8 review .5 / consideration .9
[body 4] testing words
  = we tested, i tested, verdict, rating, stars, our test, out of 5, im test, testsieger
  = recommend, disappointing, impressed
  : review 1.6 / consideration .4
[body 5] “customers”
  = customer, customers, client, clients, kunden, the company, organization, team, teams
  = business, enterprise
  : case-study .7 landing-page .4 article .1
[body 3] registering for an event
  = webinar, register now, save your seat, speaker, speakers, panelists, q a, on demand
  = live demo, zoom, anmelden
  : webinar 1.7
[body 3] watching
  = watch the video, video, videos, transcript, episode, youtube, minutes, subscribe
  : video .9 webinar .2
[body 3] survey words
  = respondents, surveyed, survey, figure 1, table 1, et al, methodology, findings, research
  = white paper, references, analysts, befragten
  : white-paper 1.5 / consideration .2
[body 3] subscriber words
  = unsubscribe, subscribers, newsletter, this week, this month, forwarded, view in browser
  = in this issue, abbestellen, community, meetup, contributors
  : newsletter 1.4 article .2
[body 3] legal words
  = personal data, privacy, cookies, terms of service, liability, hereby, applicable law
  = pursuant, gdpr, personenbezogene, haftung, datenschutz, apply now, your profile
  : other 1.6
[body 3] opinion words
  = i think, i believe, in my opinion, we believe, we learned, learned, lesson, lessons, story
  = turns out, honestly, decided, journey, years ago, wanted, problem was, founder, hope
  = culture, conference
  : article 1.3 documentation -.5 / awareness .2
[body 4] explaining words
  = what is, refers to, for example, for instance, in other words, best practices, benefits of
  = such as, because, important, zum beispiel, typically
  : guide .5 article .6 / awareness .7
[body 3] buying words
  = checkout, your order, payment details, billing address, invoice, order number, place order
  = complete your purchase, order confirmation, zahlungsart, bestellnummer, rechnung
  : other .5 landing-page .2 product-page .2 / conversion 2.2
[body 3] words for loyal customers
  = refer a friend, referral, reward, rewards, points, loyalty, renew, renewal, ambassador
  = members only, valued customer, treuepunkte, prämie, long time
  : landing-page .4 / loyalty 2.2
[body 3] help words
  = support team, troubleshoot, repair, return, returns, spare parts, reset, warranty claim
  = error message, contact support, reparatur, rücksendung
  : documentation .6 / after-sales 1
[body 3] company words
  = our mission, our vision, our story, founded, award, awards, we believe, our values
  = sustainability, press, gegründet, unsere mission, behind the scenes
  : article .3 other .2 / favorability 1.8
[body 6] version numbers
  ~ \bv?\d+\.\d+\.\d+\b|\bversion \d
  : release-notes 1.1 documentation .3 / after-sales .4
[body 10] questions
  ~ \?
  : article .5 guide .2 documentation -.3 / awareness .2
[body 5] exclamations
  ~ !(?:\s|$)
  : release-notes .3 landing-page .3 newsletter .4 article .2 documentation -.3
[body 3] emoji
  ~ [🌀-🫿✨❤⚡]
  : release-notes .4 newsletter .5 article .2
[structure 1] very short body
  : landing-page .7 release-notes .6 documentation .4 article -1 guide -.8 white-paper -1.2
[structure 1] short body
  : release-notes .4 documentation .3 landing-page .3 case-study .2 white-paper -.8
[structure 1] long body
  : article .4 guide .5 comparison .3 white-paper .4 landing-page -.7 release-notes -.3 pricing -.6
[structure 1] very long body
  : article .3 guide .4 white-paper .8 landing-page -.8 newsletter -.2
[structure 1] title of one or two words
  : documentation 1 landing-page .3 article -.8 / after-sales .4
[structure 1] short title
  : documentation .5 article -.2
[structure 1] long title
  : article .6 case-study .5 documentation -.6
[structure 1] much code
  : documentation 1 guide .8 landing-page -.8 case-study -.9 article -.3 comparison -.8 /
  : after-sales .4
[structure 1] some code
  : documentation .5 guide .5 landing-page -.4 case-study -.4
[structure 1] many list items
  : release-notes .3 documentation .3 comparison .4 guide .1
[structure 1] many headings
  : comparison .4 guide .3 article .1
[structure 1] no headings
  : release-notes .3 article .1 documentation .1
[structure 1] many links
  : newsletter .6 release-notes .3 other .1
[structure 1] tables
  : pricing .5 comparison .6 documentation .3 product-page .3
[structure 1] a video player in a short page
  : video 2.2 webinar .4
[structure 1] forms and buttons
  : landing-page .7 pricing .3 webinar .4 product-page .3 / intent .4
[structure 1] long sentences
  : article .4 white-paper .4 case-study .4 documentation -.2 release-notes -.2
[structure 1] short sentences
  : landing-page .4 pricing .4 documentation .2
"""
