"""What the body of content, its ending and its structure say about its kind.

In the form that `tagging_wording_titles` explains.
"""

BODY = r"""
[ending 1] a call to action at the end
  = get started, start for free, start free, sign up, free trial, book/schedule/request/get a demo
  = try it/- -/out -/now/today/for free, contact us/sales, talk to us/sales, no credit card
  = create your -/free account, learn more about
  : landing-page 1 comparison .3 article .2 guide .2 documentation -.4
[ending 1] a writer's farewell
  = thank you for/to, thanks for/to, happy coding/reading/hacking/building, let us/me know, see you
  = stay tuned, until next, follow us, join us/our, your feedback, comments below, reach out
  = in conclusion, to sum up, we re hiring, cheers, tell us, star us, on twitter/discord, we hope
  : article .9 release-notes .6 newsletter .6 guide .2 documentation -.5 landing-page -.2
[body 6] “you can now”, “added”, “fixed”
  = -/you can now, we ve/have -/also/now/just added/made/improved/updated/introduced/changed/fixed
  = now support/supports/available/possible/include/includes/show/shows/allow/allows, no longer
  = bug fix/fixes, bugfix/bugfixes, new feature/features, this release/version/update, previously
  = has/have been added/fixed/improved/updated/removed
  : release-notes 2 article .1 documentation -.2
[body 4] a list of changes
  ~ (?m)^\s*(?:[-*•+] ?|\d+\. ?)?(?:[Aa]dd(?:ed|s)?|[Ff]ix(?:ed|es)?|[Ii]mprov(?:ed|ements?|e)|
  ~ [Uu]pdated?|[Rr]emov(?:ed|e)|[Ss]upport(?:ed)? (?:for|of)|[Nn]ew|[Bb]ump(?:ed)?|
  ~ [Cc]hang(?:ed|e|es)|[Dd]eprecated?|[Rr]efactor\w*|[Ii]mplemented?|[Uu]pgraded?|[Rr]enamed?|
  ~ [Aa]llow|[Ii]ntroduc\w+)\b[: ]
  : release-notes 1.6 documentation .1 article -.3
[body 3] pull requests and contributors
  = pull/merge request/requests, full changelog, contributed/contributor/contributors/contribution
  ~ #\d{2,6}\b
  : release-notes .8 newsletter .5 article .3 documentation -.1
[body 6] version numbers
  = version/versions 0/1/2/3/4/5/6/7/8/9/10/11/12, v0/v1/v2/v3/v4/v5/v6/v7/v8/v9/v10
  ~ \d+\.\d+\.\d+
  : release-notes 1.1 documentation .3
[body 12] sentences that instruct
  ~ [\n.:!,][-*•\d.) \t]*(?:and |then |we )?
  ~ (?:Click|Select|Choose|Open|Enter|Run|Add|Create|Go to|Navigate|Press|Install|Copy|Paste|Log|
  ~ Set|Head|Hit|Type|Save|Configure|Download|Make sure|Ensure|Replace|Use|Check|Start|click|select|
  ~ choose|open|enter|run|go to|navigate to|head (?:over )?to|set|press|hit|name|add|create)\b
  : guide 1.2 documentation .9 article -.5 landing-page -.6 case-study -.8 release-notes -.3
[body 7] “let's” and “we'll” of a teacher
  = let s, we ll, we will/can/should/could/start/use/add/create/see/get/then, we need/want/have to
  = we re/are going to, our first/script/app/code/example/test/project/table/form/query/file
  = our function/component/page/application/server/data/database/model/pipeline
  : guide 1.4 article .5 documentation -.8 landing-page -.5 case-study -.7 release-notes -.4
[body 4] words of order
  = first/firstly/second/secondly/next/then/finally we/you/let, after that, once you/we/this/that
  = in the next step/section, as a first/next step, step 1/2/3/4/5/one/two/three, before we
  = at this point, we re done/ready, that s it, as you can see, congratulations
  : guide 1.3 article .2 documentation -.1 landing-page -.4
[body 12] reference words
  = default/defaults/optional/required/parameter/parameters/return/returns/boolean/string/integer
  = true/false/null/argument/arguments/specify/specifies/specified/config/configure/configuration
  = field/fields/attribute/attributes/flag/value/values/syntax/deprecated/valid, must be, see also
  : documentation 1.5 guide -.2 article -.9 case-study -.8 landing-page -.5
[body 6] notes and warnings
  = note that, please note, by default, for more information/details, see the/our/also, refer to
  = if you want/need/are/have/use/wish/prefer, more information/details about/on/can
  ~ \n\s*(?:[Nn]ote|NOTE|[Ww]arning|WARNING|[Tt]ip|TIP|[Ii]nfo|[Ii]mportant|[Cc]aution|[Hh]int)\b
  : documentation 1 guide .5 article -.3 case-study -.6 landing-page -.2
[body 6] obligations
  = must/should/cannot, can/may/will be, need/needs to be, is/are set, is not
  : documentation .5 guide .2 case-study -.5 landing-page -.3
[body 15] “I” and “my”
  = i/my/me/im
  : article 1.4 review 1.3 video 1.2 newsletter .8 documentation -.7 landing-page -.4 comparison -.2
[body 25] “we” and “our”
  = we/our/us/ours
  : article .6 newsletter .6 review .4 video .4 webinar .3 white-paper .4 release-notes .2
  : case-study .3 documentation -.7
[body 30] “you” and “your”
  = you/your/yours
  : guide .4 landing-page .5 documentation .1 case-study -.9 article -.2
[body 12] told in the past tense
  = was/were/had/did/went/made/took/got/found/knew/thought/became/began/wanted/needed/decided
  = started/realized/noticed/built/wrote/learned/tried/saw/came/gave/chose/felt/grew/told/asked
  = looked/worked/moved/switched/adopted/helped/led
  : article 1.1 case-study 1.1 review 1 newsletter .8 video .8 white-paper .8 documentation -1.2
  : guide -.6 landing-page -.9 comparison -.3
[body 5] what we did
  = we/i -/d/ve/have/had -/also/just/never/always were/was/had/did/decided/wanted/needed/started
  = we/i -/d/ve/have/had -/also/just/never/always built/found/realized/noticed/chose/wrote/made
  = we/i -/d/ve/have/had -/also/just/never/always moved/switched/ran/saw/learned/tried/used/knew
  = we/i -/d/ve/have/had -/also/just/never/always thought/asked/got/went/took/hit/faced/struggled
  = we/i -/d/ve/have/had -/also/just/never/always worked/spent/been/came/figured/ended/raised/talked
  : article 1.6 review 1.4 video 1.3 newsletter 1.1 white-paper 1 case-study .3 documentation -1
  : guide -.2 landing-page -.6 comparison -.6
[body 4] what the customer did
  = the/their/its team/teams/company/organization/organisation/university/firm/group was/were/had
  = the/their/its team/teams/company/organization/organisation/university/firm/group needed/wanted
  = the/their/its team/teams/company/organization/organisation/university/firm/group chose/adopted
  = the/their/its team/teams/company/organization/organisation/university/firm/group decided/found
  = the/their/its team/teams/company/organization/organisation/university/firm/group uses/use/has
  = the/their/its engineers/developers/department/school/bank/staff/students/business was/were/had
  = the/their/its engineers/developers/department/school/bank/staff/students/business needed/wanted
  = the/their/its engineers/developers/department/school/bank/staff/students/business can/could/now
  = the/their/its team/teams/company/organization/organisation/university/firm/group can/could/now
  : case-study 1.5 article .2 documentation -.8 guide -.5
[body 12] “they” and “their”
  = they/their/them/he/she/his/her/its
  : case-study .9 article .3 comparison .3 review .3 white-paper .3 documentation -.4 guide -.2
  : release-notes -.2
[body 3] people are quoted
  = said/says/explains/explained/recalls/recalled/sums
  ~ [”"»“][,.]? ?[-\u2013\u2014] ?(?:\*\*)?[A-Z]|
  ~ [”"»“],? (?:[A-Z][\w.-]+ ){1,3}(?:adds|added|notes|noted)
  : case-study 1.5 article .4 white-paper .1 documentation -.5 guide -.3 / favorability .2
[body 2] people with a role
  = ceo/cto/coo/cio/ciso/vp/founder/cofounder/director/professor/lecturer, head of, vice president
  = engineering/product/project/it/operations/marketing/managing manager/lead/director
  = senior/lead/principal/staff/devops/software/platform/reliability engineer/developer/architect
  : case-study 1.2 article .3 webinar .4 documentation -.4 guide -.2
[body 4] numbers that impress
  = percent, times faster/more/less/as/daily, reduced/increase/increased/decreased/cut/saved/saving
  = reduction/accelerated/doubled/tripled/faster
  = hours/minutes/days/weeks/months to
  ~ \d(?: ?%|x\b)
  : case-study 1 white-paper 1 article .2 comparison .1 documentation -.4
[body 8] “customers”
  = customer/customers/client/clients/organization/organizations/organisations/business/businesses
  = enterprise/enterprises/stakeholders/employees/industry/partner/partners/innovation/vendors
  = solution/solutions/adoption/efficiency/productivity
  : case-study .7 landing-page .4 article .4 white-paper .5 documentation -.8 guide -.2
  : release-notes -.3
[body 4] prices
  = per user/seat/month/year, free plan/tier/version, pricing/subscription/subscriptions/billed/vat
  ~ [$€£]\s?\d|\d\s?€|/mo(?:nth)?\b
  : pricing 1.7 comparison 1 product-page .5 landing-page .2 article -.1 documentation -.3
[body 4] calls to action
  = get started, start for free, start free, sign up, book/schedule/request/get a demo/quote/call
  = free trial, try it free, try for free, contact sales/us, talk to us/sales, no credit card
  = buy now, add to cart, learn more, watch a demo, see pricing/plans, explore/discover
  : landing-page 1.4 pricing .5 product-page .5 documentation -.3 guide -.2 article -.1
[body 3] short lines that invite
  ~ \n\s*(?:[-*•] ?)?(?:Get|Try|Start|Sign up|Book|Request|Contact|Talk|Learn more|Discover|Explore|
  ~ Create your|Join|See (?:how|all|the|our|why)|View|Read more|Download|Schedule|Build your|
  ~ Deploy now|Check your)\b[^.\n,:]{0,40}[→»>!]?\s*(?=\n|$)
  : landing-page 1.4 webinar .2 white-paper .2 newsletter .2 documentation -.2 article -.2
[body 12] promises
  = easily/seamless/seamlessly/powerful/effortless/effortlessly/simply/simple/simplify/quickly
  = instant/instantly/beautiful/scalable/scale/secure/securely/reliable/flexible/intuitive/faster
  = everything/empower/empowers/streamline/unlimited/trusted/transparent/transparency/automatically
  = save time, all your, full control, built in, out of the box, any device/data/source/team
  = peace of mind
  : landing-page 1.1 product-page .5 comparison .2 release-notes .1 article -.1 documentation -.6
  : guide -.2
[body 3] shop words
  = in stock, add to cart, free shipping, delivery/warranty/sku/color/colors/colour/colours/weight
  = material/materials/dimensions/kg/cm/mm/kw/watt/watts/specifications, technical data, in the box
  = compatible with, order from/now/online
  : product-page 2.6 review .2 pricing .2
[body 5] comparing words
  = alternative/alternatives/competitor/competitors/whereas/unlike/pros/cons/advantage/advantages
  = disadvantage/disadvantages/drawback/drawbacks/vs/versus/rivals/downside/downsides/lacks/limited
  = compared to/with, on the other hand, better for, best for/suited, ideal for, in/by contrast
  = both tools/platforms/products/options/of, on the market, tradeoff/tradeoffs, trade offs
  : comparison 1.9 review .5 article .1 documentation -.5 release-notes -.3
[body 3] testing words
  = we/i tested, verdict/rating/ratings/stars/disappointing/disappointed/impressive/impressed/liked
  = our test, out of 5/five/10/ten, worth it/the, complaint/complaints/satisfied/owner/owners
  ~ ★|☆
  : review 2 article .1 case-study .1
[body 3] registering for an event
  = webinar, register/registered now/for/here, save your seat, speaker/speakers/panelist/panelists
  = q a, on demand, live demo, zoom, attendee/attendees/agenda/recording/moderator
  ~ \d[:.]\d\d ?(?:am|pm|AM|PM|UTC|CET|EST|PT|Uhr)\b
  : webinar 1.9 newsletter .3 video .3
[body 3] watching
  = watch/video/videos/transcript/episode/episodes/youtube/subtitles/podcast/listen, running time
  ~ \n\s*[-*]? ?\d{1,2}:\d\d\b
  : video 1.4 webinar .3 newsletter .1
[body 3] survey words
  = respondents/surveyed/survey/methodology/findings/whitepaper/analyst/analysts/sample/median
  = figure/table 1/2/3, et al, white paper, executive summary, appendix/hypothesis/report
  : white-paper 1.6 article .1
[body 3] downloading a paper
  = download the/your/our/this, ebook, e book, whitepaper, white paper, fill in/out the form, pdf
  = read the -/full report/paper, get the/your -/free copy/report/ebook, free copy/download
  : white-paper 2 landing-page .3 documentation -.1
[body 4] subscriber words
  = unsubscribe/subscriber/subscribers/newsletter/forwarded/meetup/meetups/contributors/community
  = upcoming/event/events/talk/talks/conference/tweet/tweets/tweeted/discord, this week/month
  = last month, view in browser, in this issue, interesting reads/links, blog post/posts, come join
  = happy new year, happy holidays
  : newsletter 1.5 article .3 release-notes .1 documentation -.3 guide -.2
[body 3] legal words
  = personal data, privacy policy, terms of service/use, liability/hereby/pursuant/gdpr/salary/shall
  = applicable law, apply now/with, your profile/tasks, what we offer, reserve/reserves the right
  = third party/parties
  = agreement/consent/cookies
  : other 2.2 landing-page .1 article -.1
[body 5] opinion words
  = i/we think/believe/feel/hope/learned, in my opinion, lesson/lessons/story/stories/honestly
  = turns out, journey/founder/founders/culture/conference/obviously/surprising/surprisingly
  = interesting/interestingly/actually/frankly/love/amazing/funny/imagine/passion/passionate
  = years ago, problem was, the truth, real world, mindset/remember/career
  : article 1.4 newsletter 1 review 1 video .8 webinar .4 case-study .1 documentation -.8 guide -.2
  : landing-page -.4
[body 10] explaining words
  = what is, refers to, for example/instance, in other words, best practices, benefits of, such as
  = because/important/importantly/typically/generally/essentially/therefore/however/often/another
  = although/usually/traditional/traditionally/process/processes, in general, that is, this means
  = in short
  : guide .6 article .8 white-paper .6 comparison .4 video .4 webinar .3 review .5 newsletter .2
  : documentation -.5 release-notes -.6 landing-page -.6
[body 3] buying words
  = your order, payment details/method, billing address, order number/confirmation, place order
  = complete your purchase, complete your order, sign the, pay by, down payment
  : other .4 landing-page .3 product-page .2 pricing .2 / conversion 2.5
[body 3] words for loyal customers
  = refer a friend, referral/referrals/reward/rewards/loyalty/ambassador/ambassadors, renew your
  = members only, valued customer, long time customer/customers, tell your neighbour/friends
  : landing-page .4 newsletter .2 / loyalty 3
[body 3] help words
  = support team, troubleshoot/troubleshooting/repair/repairs, spare parts
  = warranty claim, error message/messages, contact support, not working, fails/fail to
  : documentation .6 guide .1 / after-sales .5
[body 3] company words
  = our mission/vision/story/values/team/engineers, award/awards/awarded/sustainable/sustainability
  = press/funding/investor/investors/raised/hiring/remote, behind the scenes
  : article .7 newsletter .6 other .3 documentation -.4 guide -.3 / favorability 1.2
[body 8] questions
  ~ \?(?:\s|$)
  : article .6 guide .4 webinar .4 video .3 comparison .2 documentation -.5
[body 4] exclamations
  ~ !(?:\s|$)
  : release-notes .4 landing-page .2 newsletter .6 article .3 guide .2 documentation -.6
  : case-study -.4
[body 15] contractions
  ~ '(?:re|ve|ll|d|m|t|s)\b
  : article .5 guide .4 video .5 review .4 newsletter .4 comparison .2 documentation -.5
  : case-study -.6 white-paper -.6
[body 2] emoji
  ~ [🌀-🫿✨❤⚡✅]
  : release-notes .6 newsletter .6 article .2 documentation -.2 case-study -.3
[body 3] questions and answers
  ~ \n\s*(?:Q[.:]|A[.:]|Question:|Answer:)
  : pricing .3 landing-page .4 documentation .5 article .1 webinar .1
[body 8] words of choosing
  = suits/suit/suitable/worth/cheaper/dearer/afford, depends on, which one/size, pays off, pay back
  = choose/choosing the right, right choice, rule of thumb
  : - / consideration .6
[body 4] paperwork
  = quote/quotes/grant/grants/loan/contract/application/deadline/instalment, fixed price
  : - / intent 1.2
[body 5] words for owners
  = your system/device/unit/subscription/installation/warranty/heat, existing customers, our service
  = serial number, the app shows, after the installation, service visit, every year, yearly
  : - / after-sales 1 loyalty .5
[body 3] coming back
  = came back, come back, ordered again, order again, again and again, recommend us, neighbour
  = neighbours, second time, third time, customers who
  : - / loyalty 1.2
[structure 1] flags, keys and requests
  : documentation .9 guide .4 case-study -.7 landing-page -.4 article -.2 comparison -.5
[structure 1] the title's name recurs
  : case-study .9 comparison .2 product-page .2 documentation .2 article -.2
[structure 1] a name and a customer's story
  : case-study 1.4 documentation -.4
[structure 1] a short page that connects two products
  : landing-page .9 documentation .2 release-notes -.3
[structure 1] a short page of news
  : release-notes 1 landing-page -.6 documentation -.4
[structure 1] a lecture without code
  : article .6 guide .2 documentation -.8 case-study .2 landing-page -.1
[structure 1] very short body
  : landing-page .5 release-notes .5 documentation .5 article -1.2 guide -1 white-paper -1.2
  : case-study -1.2 comparison -1.2
[structure 1] short body
  : release-notes .5 documentation .3 landing-page .4 article -.5 guide -.3 white-paper -.8
  : comparison -.5 case-study -.2
[structure 1] long body
  : article .5 guide .5 comparison .3 white-paper .4 landing-page -.7 release-notes -.6 pricing -.6
[structure 1] very long body
  : article .3 guide .4 white-paper .8 landing-page -.8 newsletter -.2
[structure 1] title of one or two words
  : documentation 1 landing-page .3 article -1 case-study .2 guide -.2
[structure 1] short title
  : documentation .5 article -.3 landing-page .2
[structure 1] long title
  : article .7 case-study .6 white-paper .6 video .5 webinar .6 newsletter .4 review .4
  : comparison .3 documentation -.8 landing-page -.1
[structure 1] much code
  : documentation 1 guide .9 landing-page -1.2 case-study -1.2 article -.4 comparison -.9
  : white-paper -.8
[structure 1] some code
  : documentation .4 guide .5 landing-page -.7 case-study -.7 white-paper -.2
[structure 1] many list items
  : release-notes .4 documentation .3 comparison .3 landing-page .1 newsletter .1
[structure 1] many headings
  : comparison .4 guide .3 article .1
[structure 1] no headings
  : release-notes .4 documentation .1 article -.1
[structure 1] many links
  : newsletter .8 release-notes .3 other .1
[structure 1] tables
  : pricing .5 comparison .6 documentation .4 product-page .3
[structure 1] a video player in a short page
  : video 2.2 webinar .4
[structure 1] forms and buttons
  : landing-page .8 pricing .3 webinar .5 product-page .3 white-paper .2
[structure 1] long sentences
  : article .4 white-paper .5 case-study .5 documentation -.3 release-notes -.2
[structure 1] short sentences
  : landing-page .4 pricing .5 documentation .2 release-notes .1
"""
