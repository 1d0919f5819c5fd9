#!/usr/bin/env bash
# Runs the real `neon` CLI (npm package `neon`) against a sandbox, and connects with what it prints.
#
#   NEON_API_HOST=http://127.0.0.1:PORT/api/v2 NEON_API_KEY=napi_… tests/neon-cli.sh
#
# It needs `neon` and `psql` on the PATH, and a sandbox with no project of its own in it that it could mistake.
set -euo pipefail
: "${NEON_API_HOST:?the sandbox\'s API}" "${NEON_API_KEY:?its key}"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export NEON_CONFIG_DIR="$work/config" NO_UPDATE_NOTIFIER=1 CI=1
mkdir -p "$NEON_CONFIG_DIR" "$work/app"
cd "$work/app"

neon() { command neon --analytics=false "$@"; }
try() {
    printf '%-60s' "neon $*"
    if ! neon "$@" >"$work/out" 2>&1; then
        echo FAILED
        cat "$work/out"
        exit 1
    fi
    echo ok
}
# What the sandbox has not: the CLI says so, and exits with 1.
refused() {
    words=$1
    shift
    printf '%-60s' "neon $*"
    if neon "$@" >"$work/out" 2>&1 || ! grep -q "ERROR: .*$words" "$work/out"; then
        echo "NOT REFUSED"
        cat "$work/out"
        exit 1
    fi
    echo "refused: $words"
}
field() { node -e 'let s="";process.stdin.on("data",d=>s+=d).on("end",()=>console.log(eval("(j=>"+process.argv[1]+")")(JSON.parse(s))))' "$1"; }
answers() { [ "$(psql "$1" -XAtc 'SELECT 6 * 7')" = 42 ] && echo "  … and it answers"; }
# The CLI does not wait for operations, and does not retry a 423.
settle() {
    until neon operations list --project-id "$project" -o json |
        field 'j.every(o => o.status == "finished" || o.status == "failed")' | grep -q true; do sleep 0.1; done
}

name="cli-$RANDOM$RANDOM"
try me
try orgs list
try projects list
try projects create --name "$name"
project=$(neon projects list -o json | field "(j.projects ?? j).find(p => p.name == '$name').id")
settle
try projects get "$project"
try projects update "$project" --name "$name-2"
try branches list --project-id "$project"
try branches create --project-id "$project" --name dev
settle
try branches get dev --project-id "$project"
try branches rename dev dev-2 --project-id "$project"
try branches set-expiration dev-2 --expires-at 2099-01-01T00:00:00Z --project-id "$project"
try branches add-compute dev-2 --type read_only --project-id "$project"
settle
try databases create --project-id "$project" --name shop --owner-name neondb_owner
settle
try databases list --project-id "$project"
try roles create --project-id "$project" --name reader
settle
try roles list --project-id "$project"
for pooled in "" --pooled; do
    # shellcheck disable=SC2086
    try connection-string main --project-id "$project" --database-name shop --role-name neondb_owner $pooled
    answers "$(cat "$work/out")"
done
try psql main --project-id "$project" --database-name neondb --role-name neondb_owner -- -XAtc 'CREATE TABLE item (id int)'
try databases delete shop --project-id "$project"
settle
try roles delete reader --project-id "$project"
settle
try operations list --project-id "$project"
# a developer's own branch gets what its parent has got meanwhile
try branches reset dev-2 --parent --project-id "$project"
settle
try inspect db table-sizes --project-id "$project" --branch dev-2
grep -q item "$work/out"
for asked in index-sizes unused-indexes seq-scans long-running-queries stalled-queries locks vacuum-stats bloat replication-slots subscriptions; do
    try inspect db "$asked" --project-id "$project" --branch dev-2
done
try link -y --project-id "$project" --branch main
answers "$(sed -n 's/^DATABASE_URL="\(.*\)"$/\1/p' .env.local)"
rm .env.local
try env pull --service postgres
answers "$(sed -n 's/^DATABASE_URL_UNPOOLED="\(.*\)"$/\1/p' .env.local)"
try env pull
try status
try checkout dev-2
try checkout main
try branches set-default dev-2 --project-id "$project"
try branches set-default main --project-id "$project"
try ip-allow list --project-id "$project"
try api "/projects/$project"
try set-context --project-id "$project"
try buckets list
try functions list
try credentials list
try neon-auth status
here="not available in the sandbox"
refused "schema comparison is $here" branches schema-diff main dev-2 --project-id "$project"
refused "schema comparison is $here" diff dev-2
refused "keeps no history" branches restore dev-2 "^self@2026-01-01T00:00:00Z" --preserve-under-name old --project-id "$project"
refused "keeps no history" branches create --name then --parent 2026-01-01T00:00:00Z --project-id "$project"
refused "creates branches only with their parent's data" branches create --name bare --schema-only --project-id "$project"
refused "snapshots are $here" snapshots list --project-id "$project"
refused "snapshots are $here" snapshots create --branch main --project-id "$project"
refused "snapshots are $here" snapshots schedule get
refused "the Data API is $here" data-api create
refused "the Data API is $here" data-api get
refused "Neon Auth is $here" neon-auth enable
refused "storage buckets are $here" buckets create b
refused "functions are $here" functions get f
refused "triggers are $here" triggers list
refused "logs are $here" logs fields
refused "IP Allow is $here" ip-allow add 192.0.2.1 --project-id "$project"
refused "private networking is $here" vpc project list --project-id "$project"
refused "recovery of deleted projects is $here" projects recover "$project"
refused 'needs the "pg_stat_statements" extension' inspect db outliers
refused 'needs the "neon" extension' inspect db lfc-hit-rate
refused "unsupported version 16" projects create --name other --pg-version 16
try api-keys create --name "$name"
try api-keys list
try api-keys revoke "$(neon api-keys list -o json | field "j.find(k => k.name == '$name').id")"
try branches delete dev-2 --project-id "$project"
settle
try projects delete "$project"
echo "all commands succeeded"
