"""What openings and headings say about content.

In the form that `tagging_wording_titles` explains.
"""

OPENINGS = r"""
[opening 1] “in this guide”
  = in/with this/the following/- guide/tutorial/walkthrough/lesson/exercise/recipe/workshop
  = this/our/complete/ultimate/comprehensive/practical/quick guide/tutorial, step by step
  = learn how to, show you how, walk/walks you through, follow along, we re going to
  = we ll/will build/create/learn/use/set/cover/explore/show/walk/go/look/write/see/be
  = you ll/will learn/build/create/need/see/know, you ll/will have
  : guide 1.6 article .2 documentation .1 release-notes -.5 landing-page -.8
[opening 1] before one begins
  = prerequisite/prerequisites/difficulty/beginner/intermediate, before you begin/start
  = you ll/will need, make sure -/that you
  : guide 1.1 documentation .7
[opening 1] “in this article”
  = in/- this -/blog article/post/blog/series/essay/piece/interview/writeup, tl dr, tldr
  = first/second/third/last/next/previous post/part/article, min/minute read
  : article 1.3 guide .4 documentation -.7 release-notes -.3 landing-page -.7
[opening 1] something happened
  = recently, last week/month/year/summer/fall/spring/winter, years/months/weeks/days ago
  = earlier this year/month/week, over the last/past, a few/couple weeks/months/years
  = a couple of weeks/months/years, back in, it s been, it was
  : article 1.1 newsletter .9 review .9 video .5 case-study .3 guide -.2 documentation -.9
[opening 2] what we did
  = we/i -/ve/have/d/had were/was/had/did/decided/wanted/needed/started/built/found/realized
  = we/i -/ve/have/d/had noticed/chose/wrote/made/moved/switched/ran/saw/learned/tried/used/knew
  = we/i -/ve/have/d/had thought/asked/talked/got/went/took/spent/been/launched/hit/faced
  = we/i -/ve/have/d/had struggled/worked/love/loved/believe/always/never
  : article 1.5 review 1.2 newsletter .9 video .7 white-paper .6 case-study .3 release-notes .2
  : documentation -1.1 guide -.2 landing-page -.5
[opening 1] “you can now”
  = you can now, can now, new version/release/feature/versions/features, it is now, no longer
  = now support/supports/able/possible/include/includes/allow/allows/have/has/let/lets/available
  = now you can, now comes/live/shows/ships/works/uses
  : release-notes 1.9 article -.2 documentation -.5 guide -.6
[opening 1] an announcement
  = excited/happy/proud/thrilled/pleased/delighted/glad to/that, today we/i
  = we re/are introducing/launching/announcing/releasing/shipping/adding/making/updating
  = we re/are rolling out, we re/are open sourcing, announce/announces/announced/announcing
  : release-notes 1.3 article .9 newsletter .7 review .4 documentation -1.1 guide -.9
  : landing-page -.4
[opening 1] what was shipped
  = we -/ve/have -/just/also/now added/released/shipped/improved/fixed/redesigned/reworked
  = we -/ve/have -/just/also/now updated/introduced/launched/upgraded/deprecated/removed/rebuilt
  = we -/ve/have -/just/also/now published/enhanced/extended/changed, made it possible/easier
  = has/have been added/fixed/improved/upgraded/updated/released/deprecated/removed/changed
  = this release/version/update, release/released/changelog, bug fix/fixes
  : release-notes 1.6 article .1 documentation -.5 guide -.7 landing-page -.6
[opening 1] “this page”
  = this/following page/section/document/reference/command/function/method/keyword/endpoint
  = this/following property/option/table/api/class/package/feature/setting/resource/component
  = api/complete/technical reference, reference documentation, documentation, see -/also the
  : documentation 1.4 guide -.1 landing-page -.6 article -.5 release-notes -.3
[opening 1] what it is for
  = used to/for/as/by/when, allow/allows/enable/enables you/users/us/to, let/lets you
  = you can use/create/configure/set/add/define/run/specify/manage/connect/view/choose/find
  = you can also/enable/install/access/send/only/easily, provide/provides a/an/the
  : documentation 1 guide .1 landing-page .3 article -.4 case-study -.3
[opening 1] a definition
  = is/are a/an, the process/practice/act of
  : guide .5 article .3 documentation .2 landing-page .1 release-notes -.4
[opening 1] looking for an alternative
  = alternative/alternatives/compare/compares/comparing/compared/comparison/comparisons/versus/vs
  = competitor/competitors, difference/differences between, which one/tool, side by side
  = round up, roundup, head to head, is right/better/best for you
  : comparison 1.5 article .1 documentation -.5 release-notes -.5
[opening 1] a call to action
  = get started for free, start for free, sign up, book/request/get/schedule a demo, free trial
  = try it/- -/for free, contact sales, no credit card, start free, start now, join the waitlist
  = trusted by, talk to us/sales, start building, create your free, see how it works, free forever
  : landing-page 1.7 pricing .5 documentation -.7 release-notes -.4 article -.4
[opening 1] an offer
  = everything you need, one place/platform/tool, seamless/seamlessly, effortless/effortlessly
  = out of the box, gives you, helps you/team/teams/companies/businesses/developers/organizations
  = we help, built/designed for, in minutes/seconds, one click, few clicks, without writing
  = discover/explore/see/learn how/why, for your app/apps/applications/team/teams/business/company
  = data source, your customers/users/team/business expect/deserve/need/needs
  : landing-page 1.3 product-page .3 article -.1 documentation -.4 guide -.3 release-notes .1
[opening 2] “free” or “easy”
  = free/easy/easily/fast/faster/powerful/simple/seamless/effortless/beautiful/instantly/secure
  = scalable/modern/reliable/intuitive/flexible, complete/full control, open source
  : landing-page .6 product-page .2 documentation -.3
[opening 1] a company is described
  ~ \b(?:is|are|as) (?:a|an|the|one of)(?: [\w''&,#-]+){0,7}? (?:compan(?:y|ies)|start-?up|provider|
  ~ bank|fintech|university|retailer|manufacturer|agency|organi[sz]ation|firm|institute|leader|
  ~ pioneer|publisher|airline|insurer|non-?profit|consultancy|school|charity|marketplace|lender|
  ~ studio|subsidiary|enterprise|carrier|operator|supplier|business|brand|facility)\b
  ~ (?! (?:can|should|to|that want|need))|\b[Ff]ounded in\b|\b[Ee]stablished in\b|\bbased in\b|
  ~ \b[Hh]eadquartered\b|\b\w+-based\b|\b\d[\d,.]* employees\b|\bcustomer since\b|
  ~ \bcustomers (?:worldwide|globally|across)\b|\b[Oo]ur customer\b
  : case-study 1.7 landing-page -.1 documentation -.7 guide -.6 article -.1
[opening 1] what a customer needed
  = needed/struggled/adopted/selected/migrated/partnered, turned to, was/were looking for, had to
  = relied on, the challenge, legacy, with the help of, thanks to, wanted a/to/more, chose
  : case-study 1.1 article .4 documentation -.8 guide -.5 landing-page -.3
[opening 1] readers are greeted
  ~ (?im)^(?:hi|hey|hello|dear|welcome back|howdy|greetings)\b|\bhi (?:there|all|everyone|folks)\b|
  ~ \bhello (?:everyone|friends)\b|\bwelcome to (?:the|our|this) (?:\w+ ){0,3}(?:newsletter|edition|
  ~ issue|digest|heartbeat|update)\b|\bin this (?:issue|edition)\b|\bthis (?:month|week)(?:'s)?\b|
  ~ \bsubscribers\b|\bour newsletter\b|\bhighlights\b
  : newsletter 1.6 article .3 release-notes .3 documentation -.9 guide -.5 landing-page -.5
[opening 1] a survey or a study
  = executive summary, we surveyed/measured/examined/analyzed/analysed, respondents, key findings
  = survey of/among, this paper/report/whitepaper, this white paper, white paper, whitepaper/ebook
  = the/our/full/annual report, download the/our/this/your, pdf, abstract
  : white-paper 2 article .2
[opening 1] an invitation
  = register now/here/today/for, join us, speakers, save your seat/spot, live/online seminar
  = webinar
  = presented by, agenda, on demand webinar/session/recording, free of charge
  : webinar 2.6 newsletter .2
[opening 1] something to watch
  = watch the/this/our/how/a, this/the/short video, transcript/episode/playlist/youtube/podcast
  = subscribe to our channel, running time, duration, minutes long, subtitles
  : video 1.9 webinar .2
[opening 1] a test
  ~ (?i)\b(?:we|i) tested\b|\bverdict\b|\b(?:our|my) rating\b|\bhands[- ]on\b|★|
  ~ \bafter (?:two|three|a|several) (?:weeks|months|year)\b.{0,30}\b(?:use|using|with|of)\b|
  ~ \bout of (?:5|five|10|ten)\b|\b(?:\d|four|five) stars\b
  : review 2
[opening 1] a photo credit
  ~ (?i)\b(?:photo|image|picture|cover|illustration)(?: (?:by|credit|courtesy|from)|:)|\bunsplash\b|
  ~ \bpexels\b|\bcover image\b
  : article .8 guide .5 documentation -.6 landing-page -.4
[opening 1] a byline
  ~ \b(?:[Bb]y|[Aa]uthor:?|[Ww]ritten by|[Pp]osted (?:by|on)|[Pp]ublished) (?:[A-Z][a-z]+ [A-Z]|
  ~ \w+ \d)|\b(?:submission|post|article|piece) (?:comes|is) (?:from|by)\b
  : article .8 guide .2 documentation -.7
[headings 2] challenge, solution, results
  ~ (?im)\bchallenges?$|^the (?:\w+ )?(?:challenge|solution|problem|results?|outcomes?|impact|
  ~ company|customer|situation|task)$|^(?:challenge|solution|results?|outcomes?|impact|background|
  ~ customer|industry|company)$|^about (?!us$)(?:the )?[A-Z]\w+$|^why (?!we\b|you\b|i\b|is\b|are\b|
  ~ do\b|does\b|use\b)\w+ (?:chose|uses|switched|picked)|\bresults\b.{0,20}$|^before$|
  ~ ^looking (?:ahead|forward)
  : case-study 1.7 white-paper .2 comparison -.2 documentation -.3
[headings 2] steps
  ~ (?im)^(?:step )?\d{1,2}[.:)]\s?\w|^step\b|\bprerequisites?\b|^requirements\b|^next steps|
  ~ ^before you (?:begin|start)|^what you'll (?:need|build|learn)|^set(?:ting)? up\b|^install\w*|
  ~ ^create (?:a|an|your|the)\b|^(?:creat|add|build|configur|connect|deploy|test|writ|design|
  ~ defin)ing\b
  : guide 1.2 documentation .5 landing-page -.4 case-study -.4
[headings 2] reference sections
  ~ (?im)^(?:syntax|parameters?|arguments?|options|flags|returns?|return values?|examples?|usage|
  ~ synopsis|description|default|response|request|properties|attributes|errors?|see also|notes?|
  ~ configuration|authentication|limitations|known issues|troubleshooting|methods|fields|settings|
  ~ permissions|environment variables|schema|exceptions|overview|related|installation|limits|
  ~ remarks)\b.{0,12}$
  : documentation 1.6 article -.6 guide -.1 case-study -.6 landing-page -.3
[headings 2] what is, why, how
  ~ (?im)^(?:what (?:is|are|does)|why|how (?:does|do|can|to)|when|benefits of|types of|who|
  ~ advantages of|best practices)\b
  : guide .7 article .7 documentation -.2 landing-page -.1
[headings 1] conclusion
  ~ (?im)^(?:(?:in )?conclusions?|summary|wrapping up|wrap[- ]up|final thoughts|introduction|
  ~ (?:key )?takeaways|what's next|closing|tl;?dr|background|lessons learned|acknowledge?ments?|
  ~ the future|looking ahead|to sum up|summing up|references)\b
  : article .9 guide .4 white-paper .3 documentation -.5 landing-page -.5
[headings 1] fixes and improvements
  ~ (?im)\bbug ?fix|^(?:bug )?fix(?:es|ed)\b|\bimprovements?$|^new features?|\bwhat's new|
  ~ \bbreaking changes?|\bdeprecat\w+|^changelog|^added$|^changed$|^removed$|\brelease\b|
  ~ ^other (?:changes|improvements|updates)|\bnotable\b|^enhancements|^features & |^contributors$
  : release-notes 2 article -.2 guide -.4
[headings 1] pros and cons
  ~ (?im)^pros\b|^cons\b|\bpros and cons\b|^(?:dis)?advantages\b|\bdrawbacks\b|\bverdict\b|
  ~ \bat a glance\b|^key differences|\bcomparison (?:table|chart)|\bwhen to (?:choose|use)\b|
  ~ ^who (?:uses|is)\b|\balternatives\b|^(?:features|pricing|ease of use)$|\bvs\.?\b|
  ~ \bwhich (?:one|is)\b|^ratings?
  : comparison 1.4 review .9 documentation -.3
[headings 1] plans and prices
  ~ (?im)^(?:pricing|plans|enterprise|pro|free|starter|basic|premium|team|business|compare plans|
  ~ billing)(?: plans?)?$|\bmost popular\b|\bper month\b
  : pricing 1.4 comparison .4 landing-page .1
[headings 1] survey sections
  ~ (?im)^executive summary|^methodology|^methods?\b|^key findings|^(?:main )?(?:findings|results)$|
  ~ ^about this report|^abstract|^recommendations|^appendix|^about the authors?|^demographics|
  ~ ^related work|^discussion
  : white-paper 1.5 article .1
[headings 1] news sections
  ~ (?im)\b(?:news|events|meet-?ups?|upcoming|from the community|community|good reads|highlights|
  ~ coming (?:up|soon)|what we're reading|shout-?outs?|tip of the|we're hiring|open positions|
  ~ around the web|conference|talks|tweets?|spotlight|new hires?|in other news)\b
  : newsletter 1.4 release-notes .1
[headings 1] product data
  = specifications/dimensions/delivery/warranty/materials, technical data, in the box, size guide
  = care instructions
  : product-page 2.2
[headings 1] why us
  ~ (?im)^why (?:[a-z]\w+\??$|(?:teams|companies|developers|choose|use|us)\b)|\btrusted by\b|
  ~ ^(?:key )?features$|\bloved by\b|\bget started\b|\bready to\b|^how it works\b|^benefits$|
  ~ \bwhat (?:our )?customers (?:say|are)|^everything you|\bfor (?:developers|teams|enterprise)|
  ~ ^frequently asked questions|^faqs?$|^integrations?$|^testimonials
  : landing-page 1.3 pricing .5 product-page .4 case-study -.1
"""
