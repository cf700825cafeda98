#!/bin/sh
# Makes the secrets of an installation: writes .env beside docker-compose.yml, for its user's eyes.
# What is there is kept: a second run changes nothing.
set -eu
umask 077
cd "$(dirname "$0")/.."
if [ -e .env ]; then
    echo ".env is there already, and stays as it is" >&2
    exit 0
fi
secret() {
    od -An -N32 -tx1 /dev/urandom | tr -d ' \n'
}
fresh=.env.$$
trap 'rm -f "$fresh"' EXIT
{
    echo "# The secrets of this installation, made by docker/secrets.sh. Keep a copy; show it to nobody."
    for name in POSTGRES_PASSWORD OWNER_PASSWORD APP_PASSWORD VALKEY_PASSWORD MEDIA_SECRET \
        GATEWAY_SECRET MASTER_KEYS METRICS_TOKEN; do
        echo "$name=$(secret)"
    done
    echo "# Where people reach it, and which pages may ask: PUBLIC_URL is one of those."
    echo "PUBLIC_URL=https://localhost:8443"
    echo "# Where mail goes: smtp://user:password@host:587; without it, into the folder mails of the data."
    echo "MAIL_URL="
    echo "# production, or dev for an API that starts again when a source changes"
    echo "COMPOSE_PROFILES=production"
} >"$fresh"
# ln and not mv: of two at once, one wins.
ln "$fresh" .env
echo "made .env; next: docker compose up --build --detach"
