"""A service with a framework, some libraries and a table of prices, all loaded when the application is imported."""

import asyncio
import sqlite3
import xml.dom.minidom

import flask
import pymysql
import truth_log  # gunicorn.conf.py made it importable

ROWS = 60_000

prices = {f"item-{row}": {"price": row * 7 % 1000, "currency": "EUR", "tags": [str(row)]} for row in range(ROWS)}
truth = truth_log.open_from_environment()
application = flask.Flask(__name__)
libraries = [asyncio, sqlite3, xml.dom.minidom, pymysql]


@application.route("/price/<item>")
def price(item):
    with truth.section("request", f"GET /price/{item}"):
        return prices[item]
