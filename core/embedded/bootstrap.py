"""Logins and database of one installation, made by a superuser."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psycopg


def create_installation(
    superuser: "psycopg.Connection[object]",
    *,
    database: str,
    owner: tuple[str, str],
    app: tuple[str, str],
) -> None:
    """Makes what is missing of a database, its owner's login and the application's.

    `owner` and `app` are names with passwords. The owner may create roles and change the
    application's settings, but cannot become it; the application has no rights but to connect.
    """
    from psycopg import sql

    superuser.autocommit = True
    (owner_name, owner_password), (app_name, app_password) = owner, app
    logins = (
        (owner_name, owner_password, "LOGIN CREATEROLE NOSUPERUSER NOBYPASSRLS"),
        (app_name, app_password, "LOGIN NOINHERIT NOSUPERUSER NOBYPASSRLS"),
    )
    for name, password, attributes in logins:
        known = superuser.execute("SELECT FROM pg_roles WHERE rolname = %s", [name]).rowcount
        superuser.execute(
            sql.SQL("{} ROLE {} WITH {} PASSWORD {}").format(
                sql.SQL("ALTER" if known else "CREATE"),
                sql.Identifier(name),
                sql.SQL(attributes),
                sql.Literal(password),
            )
        )
    superuser.execute(
        sql.SQL("GRANT {} TO {} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE").format(
            sql.Identifier(app_name), sql.Identifier(owner_name)
        )
    )
    known = superuser.execute("SELECT FROM pg_database WHERE datname = %s", [database]).rowcount
    if not known:
        superuser.execute(
            sql.SQL("CREATE DATABASE {} OWNER {}").format(
                sql.Identifier(database), sql.Identifier(owner_name)
            )
        )
    rights = (
        sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database)),
        sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(
            sql.Identifier(database), sql.Identifier(app_name)
        ),
    )
    for statement in rights:
        superuser.execute(statement)
