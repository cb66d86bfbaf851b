/** Description of the field `idempotencyKey` of several inputs. */
export const IDEMPOTENCY_KEY =
  "Any text that is unique to this request, such as a UUID. A request may be repeated with the same key and input, for " +
  "example after a lost response, and then returns what the first one created. The same key with another input is " +
  "refused. Null creates something new each time.";
