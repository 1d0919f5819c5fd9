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
try psql main --project-id "$project" --database-name neondb --role-name neondb_owner -- -XAtc 'SELECT 1'
try databases delete shop --project-id "$project"
settle
try roles delete reader --project-id "$project"
settle
try operations list --project-id "$project"
try link -y --project-id "$project" --branch main
answers "$(sed -n 's/^DATABASE_URL="\(.*\)"$/\1/p' .env.local)"
rm .env.local
try env pull --service postgres
answers "$(sed -n 's/^DATABASE_URL_UNPOOLED="\(.*\)"$/\1/p' .env.local)"
try env pull
try status
try api-keys create --name "$name"
try api-keys list
try api-keys revoke "$(neon api-keys list -o json | field "j.find(k => k.name == '$name').id")"
try branches delete dev-2 --project-id "$project"
settle
try projects delete "$project"
echo "all commands succeeded"
