#!/bin/sh
# From an access token to a prediction with curl. Start a server with `npm start`, then:
#
#     sh examples/quickstart.sh flowers.zip
#
# The archive is a zip, tar or tar.gz with one folder of images per class.
set -eu

archive=${1:?Usage: sh examples/quickstart.sh <archive>}
url=${ESPALIER_URL:-http://127.0.0.1:4000}
token=${ESPALIER_TOKEN:-$(cat .espalier/admin-token)}

# Sends an operation with its variables as JSON, and stops at an error of the API or of the input.
graphql() {
  answer=$(printf '{"query": "%s", "variables": %s}' "$(printf %s "$1" | tr '\n' ' ' | sed 's/"/\\"/g')" "$2" |
    curl --silent --show-error "$url/graphql" --data @- \
      --header "Authorization: Bearer $token" --header "Content-Type: application/json")
  case $answer in
    *'"errors":'* | *'"userErrors":[{'*) echo "$answer" >&2 && exit 1 ;;
  esac
  echo "$answer"
}

# Prints the value of the first field with this name. A program would parse the JSON.
field() {
  sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p"
}

# 1. Upload the archive.
upload=$(graphql 'mutation { createUpload(input: {}) { uploadId putUrl userErrors { message } } }' '{}')
upload_id=$(echo "$upload" | field uploadId)
curl --silent --show-error --fail --output /dev/null --upload-file "$archive" \
  --header "Authorization: Bearer $token" "$url$(echo "$upload" | field putUrl)"

# 2. Import it as a version of the dataset "flowers", and wait for the end of the import.
version=$(graphql 'mutation ($uploadId: ID!) {
  importDataset(input: { dataset: "flowers", source: { uploadId: $uploadId } }) {
    datasetVersion { ref }
    userErrors { message }
  }
}' "{\"uploadId\": \"$upload_id\"}" | field ref)
status=IMPORTING
while [ "$status" = IMPORTING ]; do
  sleep 1
  status=$(graphql 'query ($ref: String!) { datasetVersion(ref: $ref) { status } }' "{\"ref\": \"$version\"}" |
    field status)
done
[ "$status" = READY ]
echo "Imported $version"

# 3. Launch a run on that version, and wait for its end.
run=$(graphql 'mutation ($dataset: String!) {
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
    userErrors { message }
  }
}' "{\"dataset\": \"$version\"}" | field id)
state=QUEUED
while [ "$state" = QUEUED ] || [ "$state" = PREPARING ] || [ "$state" = RUNNING ]; do
  sleep 1
  state=$(graphql 'query ($id: ID!) { run(id: $id) { state } }' "{\"id\": \"$run\"}" | field state)
done
[ "$state" = SUCCEEDED ]
echo "Trained $run"

# 4. Register the best checkpoint as a version of the model "flowers".
model=$(graphql 'mutation ($runId: ID!) {
  registerModelVersion(input: { model: "flowers", runId: $runId }) {
    modelVersion { ref }
    userErrors { message }
  }
}' "{\"runId\": \"$run\"}" | field ref)
echo "Registered $model"

# 5. Classify an image that the run was not trained on. `images` also takes { base64: "…" } and { uploadId: "…" }.
sample=$(graphql 'query ($ref: String!) {
  datasetVersion(ref: $ref) { samples(filter: { split: TEST }, first: 1) { nodes { id } } }
}' "{\"ref\": \"$version\"}" | field id)
label=$(graphql 'mutation ($model: String!, $images: [ImageInput!]!) {
  classify(input: { model: $model, images: $images, topK: 1 }) {
    results {
      ... on ImageClassification { top { label } }
      ... on ImageFailure { detail }
    }
    userErrors { message }
  }
}' "{\"model\": \"$model\", \"images\": [{\"sampleId\": \"$sample\"}]}" | field label)
echo "$sample is a $label"
