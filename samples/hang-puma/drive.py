"""Six requests for two workers with three threads each; the service behind them accepts and never answers."""

import hang

hang.run(
    story="hang-puma",
    server="puma 5.6.5, 2 workers of 3 threads, Ruby 3.1",
    before=hang.SilentUpstream,
    hang=lambda: hang.ask_until_stuck(*["/figures"] * 6),
)
