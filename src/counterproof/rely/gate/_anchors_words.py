"""Words that say nothing of what an event is about: never anchors. Written for this purpose; lower case, English."""

from __future__ import annotations

COMMON: frozenset[bytes] = frozenset(
    b"""
a able about above across act actually add after again against ago all almost alone along already also although always
am among an and another answer any anybody anyone anything anyway are area around as ask asked asking asks at away
back bad be became because become been before began begin behind being believe below beside best better between big
both bring but by call called came can cannot case cause certain change check clear close come comes coming complete
consider correct could course create current day days dear describe detail detailed details did different difficult do
does doing done down during each early easy either else end enough especially etc even ever every everybody everyone
everything exact exactly example explain fact far few find fine first follow following for form found four from full
further gave general get gets getting give given gives go goes going gone good got great had half hand happen has have
having he hello help helped her here hers hi high him his hold hope hour how however i idea if important in include
including information instead into is issue it its itself just keep kept kind know known large last late later least
leave left less let like likely line list little long look looking lot made main make makes making many matter may
maybe me mean means meant might mind mine more most mostly much must my myself name near need needed needs never new
next nice no nobody none nor not note nothing now number of off often oh ok okay old on once one only open or order
other others our ours out over own page part parts people perhaps person place please point possible probably problem
provide put question questions quick quickly quite rather read ready really reason regarding reply request right said
same saw say says second see seem seen send sense sent set several shall she short should show shown side simple since
single small so some somebody someone something sometimes soon sorry sort sound start started state step steps still
stop such suggest sure take taken takes talk tell tells than thank thanks that the their them then there these they
thing things think third this those though thought three through thus time times to today together told too took topic
toward tried true try trying turn two type under understand until up upon us use used useful user uses using usual
usually very via want wanted wants was way ways we week well went were what whatever when where whether which while
who whole whom whose why will wish with within without wonder word words work working works would write written wrong
year years yes yet you your yours yourself
""".split()
)
