#!/bin/sh
# Makes the logins and the database of an installation, once, when PostgreSQL's folder is new:
# docs/runbook.md, "Your own servers". The application's login inherits and owns nothing.
set -eu
: "${OWNER_PASSWORD:?}" "${APP_PASSWORD:?}"
# Passwords go by the environment, and not by a command line that others can read.
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username postgres --dbname postgres <<'SQL'
\getenv owner_password OWNER_PASSWORD
\getenv app_password APP_PASSWORD
SET log_statement = 'none';
SET log_min_error_statement = 'panic';
CREATE ROLE automator_owner LOGIN CREATEROLE NOSUPERUSER NOBYPASSRLS PASSWORD :'owner_password';
CREATE ROLE automator_app LOGIN NOINHERIT NOSUPERUSER NOBYPASSRLS PASSWORD :'app_password';
GRANT automator_app TO automator_owner WITH ADMIN TRUE, INHERIT FALSE, SET FALSE;
CREATE DATABASE automator OWNER automator_owner;
REVOKE ALL ON DATABASE automator FROM PUBLIC;
GRANT CONNECT ON DATABASE automator TO automator_app;
SQL
