"""Two requests for two workers: one waits for a database that accepts and says nothing, one for a mutex that it holds
itself."""

import hang

hang.run(
    story="hang-gunicorn-gevent",
    server="gunicorn 20.1.0 gevent 22.10.2, 2 workers, psycopg2 2.9, Python 3.11.2",
    before=hang.SilentUpstream,
    hang=lambda: hang.ask_until_stuck("/database", "/lock"),
)
