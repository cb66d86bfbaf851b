/** Description of `idempotencyKey`, which several inputs have. */
export const IDEMPOTENCY_KEY =
  "Any text of your choice, unique to this request, such as a UUID. Sent again with the same input it " +
  "returns what the first request made, so a request may be repeated after a lost answer; with another " +
  "input it is refused. Null makes something new each time.";
