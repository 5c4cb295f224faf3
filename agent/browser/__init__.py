"""One sample in the browser: the server and the page of `python -m agent.web`, over `agent.walk` and `agent.talk`.

```
settings.py    what the command can be told             guard.py       who may ask: host, origin, token, sizes
app.py         the application: page, guard, routes     replies.py     bodies in, JSON and sentences out
browsing.py    routes to choose from                    looking.py, walking.py   routes of one open session
house.py       what all requests share                  desk.py        one open session and what it is doing
listing.py     long lists, read in the background       datasets.py    the data sets, runs.py the run folders
thumbnails.py  small pictures                           channel.py     server-sent events
views.py       a state as the page shows it             origins.py     where a node of the graph came from
static/        the page: HTML, CSS and JavaScript modules by hand, without a build step
```
"""
