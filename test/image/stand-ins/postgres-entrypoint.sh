#!/usr/bin/env bash
# What the official entrypoint does where it is not root and a password comes from a file: a cluster in PGDATA, made
# the first time, with the scripts of /docker-entrypoint-initdb.d run on it while it listens on a socket only.
set -euo pipefail
mkdir -p /var/run/postgresql
if [ "$1" = postgres ] && [ ! -s "$PGDATA/PG_VERSION" ]; then
  mkdir -p -m 700 "$PGDATA"
  # shellcheck disable=SC2086 # several arguments in one variable
  initdb --username=postgres --pwfile="$POSTGRES_PASSWORD_FILE" ${POSTGRES_INITDB_ARGS:-}
  echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
  pg_ctl -D "$PGDATA" -o "-c listen_addresses='' -c unix_socket_directories=/var/run/postgresql" -w start
  for file in /docker-entrypoint-initdb.d/*; do
    case "$file" in
    *.sql) psql -v ON_ERROR_STOP=1 --no-psqlrc -h /var/run/postgresql -U postgres -f "$file" ;;
    *) echo "ignoring $file" ;;
    esac
  done
  pg_ctl -D "$PGDATA" -m fast -w stop
fi
exec "$@" -c listen_addresses='*' -c unix_socket_directories=/var/run/postgresql
