"""FastAPI: routes and schemas, one file a noun."""
