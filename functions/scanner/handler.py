"""The scanner API."""

from functions.runtime.http_api import HttpApi

api = HttpApi()
api.not_implemented("/scanner.*")
handler = api.handler
