"""Three requests for three workers; the service behind them accepts and never answers."""

import hang

hang.run(
    story="hang-gunicorn-sync",
    server="gunicorn 20.1.0 sync, 3 workers, Python 3.11.2",
    before=hang.SilentUpstream,
    hang=lambda: hang.ask_until_stuck("/report", "/report", "/report"),
)
