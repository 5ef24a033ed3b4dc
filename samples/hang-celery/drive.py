"""Two tasks for three children; the service that they ask accepts and never answers."""

import hang
import tasks


def order_easy():
    answers = [tasks.nothing.delay() for _ in range(7)]
    hang.wait_for("tasks", lambda: len(hang.said()) >= len(answers))


def order_two():
    for count in (1, 2):
        tasks.figures.delay()
        hang.wait_for(f"stuck task {count}", lambda count=count: len(hang.said()) >= count)


hang.run(
    story="hang-celery",
    server="celery 5.2.6 prefork, 3 children, redis 7.0.15, Python 3.11.2",
    before=hang.SilentUpstream,
    warm_up=order_easy,
    hang=order_two,
)
