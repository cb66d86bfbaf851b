#!/bin/sh
# From an access token to a prediction with curl. Start a server with `npm start`, then:
#
#     sh examples/quickstart.sh flowers.zip
#
# The archive is a zip, tar or tar.gz with one folder of images per class. The server and the token are those of
# ESPALIER_URL and ESPALIER_TOKEN. If these are unset, the server is the one of this machine, and the token is read from
# its home folder; ESPALIER_PORT and ESPALIER_HOME are the same as for `npm start`.
set -eu

# Prints a message and stops. A `$(…)` that stops so stops the script as well.
fail() {
  printf '%s\n' "$1" >&2
  exit 1
}

# Prints the text of a field of an answer, or nothing if it is null. A program would parse the JSON.
field() {
  printf '%s\n' "$2" | sed -nE "s/.*\"$1\":\"(([^\"\\\\]|\\\\.)*)\".*/\1/p" | sed 's/\\n/ /g; s/\\\(.\)/\1/g'
}

# Prints an answer, or stops at an error of the API or of the input.
check() {
  case $1 in
    *'"errors":['* | *'"userErrors":[{'*) fail "$(field message "$1") ($(field code "$1"))" ;;
  esac
  printf '%s\n' "$1"
}

# Sends an operation with its variables as JSON.
graphql() {
  answer=$(printf '{"query": "%s", "variables": %s}' "$(printf %s "$1" | tr '\n' ' ' | sed 's/"/\\"/g')" "$2" |
    curl --silent --show-error "$url/graphql" --data @- \
      --header "Authorization: Bearer $token" --header "Content-Type: application/json") || exit 1
  check "$answer"
}

archive=${1:-}
[ -n "$archive" ] || fail "Usage: sh examples/quickstart.sh <archive>"
[ -f "$archive" ] || fail "There is no file $archive."
url=${ESPALIER_URL:-http://127.0.0.1:${ESPALIER_PORT:-4000}}
case $url in
  http://?* | https://?*) url=${url%/} ;;
  *) fail "ESPALIER_URL must be an address such as http://127.0.0.1:4000. Received $url." ;;
esac
token=${ESPALIER_TOKEN:-}
if [ -z "$token" ]; then
  token_file=${ESPALIER_HOME:-.espalier}/admin-token
  [ -r "$token_file" ] ||
    fail "Cannot read the token file $token_file. Start a server with \`npm start\`, or set ESPALIER_TOKEN."
  token=$(cat "$token_file")
fi

# 1. Upload the archive.
upload=$(graphql 'mutation { createUpload(input: {}) { uploadId putUrl userErrors { code message } } }' '{}')
received=$(curl --silent --show-error --upload-file "$archive" --header "Authorization: Bearer $token" \
  "$url$(field putUrl "$upload")")
check "$received" > /dev/null

# 2. Import it as a version of the dataset "flowers", and wait for the end of the import.
import=$(graphql 'mutation ($uploadId: ID!) {
  importDataset(input: { dataset: "flowers", source: { uploadId: $uploadId } }) {
    datasetVersion { ref }
    userErrors { code message }
  }
}' "{\"uploadId\": \"$(field uploadId "$upload")\"}")
version=$(field ref "$import")
status=IMPORTING
while [ "$status" = IMPORTING ]; do
  sleep 1
  import=$(graphql 'query ($ref: String!) {
    datasetVersion(ref: $ref) { status failure { code message } }
  }' "{\"ref\": \"$version\"}")
  status=$(field status "$import")
done
[ "$status" = READY ] || fail "The import failed: $(field message "$import") ($(field code "$import"))"
echo "Imported $version"

# 3. Launch a run on that version, and wait for its end.
launch=$(graphql 'mutation ($dataset: String!) {
  launchRun(input: {
    experiment: "quickstart"
    dataset: $dataset
    configuration: {
      architecture: VGG11
      widthMultiplier: 0.25
      imageSizePixels: 64
      head: { kind: GLOBAL_AVERAGE_POOLING }
      batchNormalization: true
      batchSize: 16
      epochs: 8
    }
  }) {
    run { id }
    userErrors { code message }
  }
}' "{\"dataset\": \"$version\"}")
run_id=$(field id "$launch")
state=QUEUED
while [ "$state" = QUEUED ] || [ "$state" = PREPARING ] || [ "$state" = RUNNING ]; do
  sleep 1
  run=$(graphql 'query ($id: ID!) { run(id: $id) { state endReason endDetail } }' "{\"id\": \"$run_id\"}")
  state=$(field state "$run")
done
[ "$state" = SUCCEEDED ] ||
  fail "The run $run_id is $state: $(field endReason "$run") $(field endDetail "$run")"
echo "Trained $run_id"

# 4. Register the best checkpoint as a version of the model "flowers".
registration=$(graphql 'mutation ($runId: ID!) {
  registerModelVersion(input: { model: "flowers", runId: $runId }) {
    modelVersion { ref }
    userErrors { code message }
  }
}' "{\"runId\": \"$run_id\"}")
model=$(field ref "$registration")
echo "Registered $model"

# 5. Classify an image that the run was not trained on. `images` also takes { base64: "…" } and { uploadId: "…" }.
samples=$(graphql 'query ($ref: String!) {
  datasetVersion(ref: $ref) { samples(filter: { split: TEST }, first: 1) { nodes { id } } }
}' "{\"ref\": \"$version\"}")
sample=$(field id "$samples")
classification=$(graphql 'mutation ($model: String!, $images: [ImageInput!]!) {
  classify(input: { model: $model, images: $images, topK: 1 }) {
    results {
      ... on ImageClassification { top { label } }
      ... on ImageFailure { detail }
    }
    userErrors { code message }
  }
}' "{\"model\": \"$model\", \"images\": [{\"sampleId\": \"$sample\"}]}")
label=$(field label "$classification")
[ -n "$label" ] || fail "$sample was not classified: $(field detail "$classification")"
echo "$sample is a $label"
