# What the handbook's requests share. In bash, from the project's directory:  . docs/bank.sh
# shellcheck shell=bash

export PATH="$PWD/.venv/bin:$PATH"
STACK="${SUANDAI_DIRECTORY:-.suandai}"
base="${SUANDAI_PORT_BASE:-8400}"
BANK="http://127.0.0.1:$((base + 1))"       # origination
PRICING="http://127.0.0.1:$((base + 2))"
COLLATERAL="http://127.0.0.1:$((base + 3))"
DESK="$(mktemp -d)"                         # nobody else can read what lies here
ANSWER="$DESK/answer"

# as ACCOUNT: sign in; the access token goes to $TOKEN. A token is good for an hour and is kept for fifty minutes.
as() {
  if [ -z "$(find "$DESK" -name "$1.token" -size +0 -mmin -50)" ]; then
    suandai token "$1" >"$DESK/$1.token"
  fi
  TOKEN="$(cat "$DESK/$1.token")"
}

# as_for SERVICE ACCOUNT: sign a member of staff in at pricing or collateral; a token is good for one service.
as_for() {
  TOKEN="$(suandai token --service "$1" "$2")"
}

# … | keep: show an answer and keep it for `field` and `etag`.
keep() {
  tee "$ANSWER"
  echo
}

# field items.0.task_id: a value of the answer that was kept.
field() {
  python3 -c '
import json, sys
text = open(sys.argv[1], encoding="utf-8").read()
found = json.loads(text.split("\n\n", 1)[1] if text.startswith("HTTP/") else text)
for name in sys.argv[2].split("."):
    found = found[int(name)] if name.isdigit() else found[name]
print(found)' "$ANSWER" "$1"
}

# etag: the version that the kept answer names.
etag() {
  sed -n 's/^etag: //p' "$ANSWER" | tr -d '\r'
}

# show PATH: read something of origination, laid out for people.
show() {
  curl -sS "$BANK$1" -H "Authorization: Bearer $TOKEN" | python3 -c '
import json, sys
print(json.dumps(json.load(sys.stdin), ensure_ascii=False, indent=2))'
}

# task TYPE: wait until $CASE has a task of this type ready for who is signed in; its id goes to $TASK.
task() {
  local tries
  for ((tries = 0; tries < 120; tries++)); do
    curl -sS "$BANK/v1/tasks?case_id=$CASE&type=$1&state=ready" -H "Authorization: Bearer $TOKEN" >"$ANSWER"
    if TASK="$(field items.0.task_id 2>/dev/null)"; then
      VERSION="\"$(field items.0.version)\""
      return
    fi
    sleep 0.5
  done
  echo "there is no $1 task to do" >&2
  return 1
}

# work ACCOUNT TYPE OUTCOME [MEMO]: claim and complete the next task of a type, as a person would by two requests; MEMO is a file
# with what the lead investigator says in the credit memo.
work() {
  as "$1"
  task "$2"
  verb claim '{}'
  verb complete "$(python3 -c '
import json, sys
said = {"outcome": sys.argv[1], "comment": "同意"}
if len(sys.argv) > 2:
    memo = json.load(open(sys.argv[2], encoding="utf-8"))
    said["memo"] = [{"field": field, "text": text} for field, text in memo.items()]
print(json.dumps(said))' "$3" ${4:+"$4"})"
  echo "$1: $2 → $(field outcome)"
}

# verb VERB BODY: one verb on $TASK at $VERSION; fails unless it is done.
verb() {
  curl -sS -i -X POST "$BANK/v1/tasks/$TASK/$1" -H "Authorization: Bearer $TOKEN" \
    -H "Idempotency-Key: $TASK-$1-$VERSION" -H "If-Match: $VERSION" --json "$2" >"$ANSWER"
  if ! head -1 "$ANSWER" | grep -q ' 200 '; then
    cat "$ANSWER" >&2
    return 1
  fi
  VERSION="$(etag)"
}

# reaches PATH STAGE: wait until an application or a utilisation stands at a stage.
reaches() {
  local tries
  for ((tries = 0; tries < 120; tries++)); do
    curl -sS "$BANK$1" -H "Authorization: Bearer $TOKEN" >"$ANSWER"
    if [ "$(field stage)" = "$2" ]; then
      echo "$(field stage)"
      return
    fi
    sleep 0.5
  done
  echo "it stands at $(field stage)" >&2
  return 1
}
