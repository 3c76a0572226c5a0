"""The strategies API."""

from functions.runtime.http_api import HttpApi

api = HttpApi()
api.not_implemented("/strategies.*")
handler = api.handler
