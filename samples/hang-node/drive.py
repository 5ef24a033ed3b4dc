"""Two requests for two workers; nobody reads from the named pipe."""

import hang

hang.run(
    story="hang-node",
    server="Node.js 20.20.2 cluster, 2 workers",
    hang=lambda: hang.ask_until_stuck("/audit", "/audit"),
)
