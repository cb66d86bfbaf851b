import { type ApiClient, resultOf } from "./api-client.js";
import { graphql } from "./generated/gql.js";

const CREATE_UPLOAD = graphql(`mutation CreateUpload($sizeBytes: SafeInt!) {
  createUpload(input: { sizeBytes: $sizeBytes }) {
    uploadId
    putUrl
    userErrors { code message }
  }
}`);

/**
 * Uploads a file: an archive of images to import, an image to classify or a file of weights.
 *
 * @returns the id of the upload, which other inputs take as `uploadId`
 * @throws ClientError `UPLOAD_FAILED`, or the code of the API's error
 */
export async function uploadFile(api: ApiClient, bytes: Blob): Promise<string> {
  const { createUpload } = await api.request(CREATE_UPLOAD, { sizeBytes: bytes.size });
  const { userErrors } = createUpload;
  await api.put(resultOf(createUpload.putUrl, userErrors), bytes);
  return resultOf(createUpload.uploadId, userErrors);
}
