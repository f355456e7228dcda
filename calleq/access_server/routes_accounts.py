"""Accounts: businesses, their people, users and credentials."""

from calleq.access_server import routes_businesses, routes_credentials, routes_people

ROUTES = (*routes_businesses.ROUTES, *routes_people.ROUTES, *routes_credentials.ROUTES)
