"""The trades API."""

from functions.runtime.http_api import HttpApi

api = HttpApi()
api.not_implemented("/trades.*")
handler = api.handler
