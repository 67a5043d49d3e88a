# shellcheck shell=bash
# Sourced by every script here: where things are, which PostgreSQL is meant, and
# as whom its programs run. Sourcing it changes nothing on the machine.

set -euo pipefail
shopt -s inherit_errexit
umask 022 # as root, user postgres must be able to read what is made here

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
# shellcheck disable=SC2034 # read by the scripts that source this file
scripts=$root/scripts
HOME=${HOME:-$(getent passwd "$(id -u)" | cut -d: -f6)}
cache=${DIOGEN_CACHE:-$HOME/.cache/diogen}
tools=$cache/tools
export HOME PATH="$tools/bin:$PATH:$HOME/.cargo/bin"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$root/target}

# What the caller's shell points psql at is not the private server.
unset PGHOST PGHOSTADDR PGPORT PGUSER PGDATABASE PGPASSWORD PGPASSFILE PGSERVICE \
  PGSERVICEFILE PGOPTIONS PGDATA PGSSLMODE PGTZ PGDATESTYLE PGCLIENTENCODING

# cargo-pgrx adds a linker flag that plain cargo does not. On x86-64 it is not
# needed, and without it both use the same flags: nothing is compiled twice.
if [[ $(uname -m) == x86_64 ]]; then
  export CARGO_PGRX_DISABLE_GC_SECTIONS_WORKAROUND=1
fi

# Cargo gives shared dependencies the features of all packages named in one call.
# Naming these two always together, and the extension always alone, keeps it from
# compiling the same crates once more for every other combination.
# shellcheck disable=SC2034 # read by the scripts that source this file
loopback=(-p stand-in -p client)

say() { printf '%s\n' "$*" >&2; }
die() {
  say "error: $*"
  exit 1
}

# has_headers PG_CONFIG: can extensions be compiled against this server?
has_headers() { [[ -e $("$1" --includedir-server)/postgres.h ]]; }

# The server that is meant: PG_CONFIG, else the newest installed one with
# headers. Prints nothing where there is none.
find_pg_config() {
  if [[ -n ${PG_CONFIG:-} ]]; then
    command -v "$PG_CONFIG" || die "PG_CONFIG=$PG_CONFIG: no such program"
    return
  fi
  local major candidate
  for major in 18 17 16 15 14; do
    for candidate in "/usr/lib/postgresql/$major/bin/pg_config" "/usr/pgsql-$major/bin/pg_config"; do
      if [[ -x $candidate ]] && has_headers "$candidate"; then
        echo "$candidate"
        return
      fi
    done
  done
  candidate=$(command -v pg_config || true)
  if [[ -n $candidate ]] && has_headers "$candidate"; then echo "$candidate"; fi
}

# Sets pg_config, pg_major, pg_features (for cargo) and tells pgrx, which then
# needs no `cargo pgrx init`.
use_postgres() {
  pg_config=$(find_pg_config)
  [[ -n $pg_config ]] || die "no PostgreSQL with headers found: run scripts/setup, or set PG_CONFIG"
  pg_major=$("$pg_config" --version | sed -E 's/^[^0-9]*([0-9]+).*/\1/')
  [[ $pg_major -ge 14 && $pg_major -le 18 ]] ||
    die "$pg_config is PostgreSQL $pg_major; Diogen is built for 14 to 18"
  # shellcheck disable=SC2034 # read by the scripts that source this file
  pg_features=(--no-default-features --features "pg$pg_major")
  export PGRX_PG_CONFIG_PATH=$pg_config
}

# PostgreSQL refuses to run as root: its programs then run as user postgres.
as_postgres() {
  if [[ $(id -u) -eq 0 ]]; then
    # From `/`, because postgres may not be allowed into the current folder.
    (cd / && HOME=/ exec setpriv --reuid=postgres --regid=postgres --init-groups -- "$@")
  else
    "$@"
  fi
}

# reachable FOLDER: may whoever runs PostgreSQL enter it?
reachable() { as_postgres test -x "$1"; }

# Where everything that lives between two runs is kept. It is the checkout's
# .state, unless PostgreSQL's user cannot reach that.
state_dir() {
  if [[ -n ${DIOGEN_STATE:-} ]]; then
    echo "$DIOGEN_STATE"
  elif [[ $(id -u) -ne 0 ]] || { getent passwd postgres >/dev/null && reachable "$root"; }; then
    echo "$root/.state"
  else
    echo "/var/tmp/diogen-$(cksum <<<"$root" | cut -d' ' -f1)"
  fi
}

# As root in a folder that others may create things in, the folder must be ours.
make_state() {
  state=$(state_dir)
  mkdir -p "$state"
  [[ -O $state ]] || die "$state belongs to somebody else"
  if [[ $state == /var/tmp/* ]]; then
    say "user postgres cannot enter $root: the private server lives in $state"
  fi
}

package_dir() { echo "$(state_dir)/package-pg$pg_major"; }

# The demo's stand-in server, by the process id it was started with. A process that
# has ended but is not yet reaped has a name still, and no program.
stand_in_running() {
  local pid
  pid=$(cat "$(state_dir)/demo/stand-in.pid" 2>/dev/null) &&
    [[ -e /proc/$pid/exe && $(cat "/proc/$pid/comm") == stand-in ]]
}

stop_stand_in() {
  local _
  for _ in {1..50}; do
    stand_in_running || break
    kill "$(cat "$(state_dir)/demo/stand-in.pid")"
    sleep 0.1
  done
}
