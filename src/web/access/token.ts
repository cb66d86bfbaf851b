/**
 * The access token of this browser tab. Session storage ends with the tab, and the browser never sends it anywhere,
 * unlike a cookie, so that no other page can act with the token.
 */
const KEY = "espalier.access-token";

export function readToken(): string | null {
  return sessionStorage.getItem(KEY);
}

export function keepToken(token: string): void {
  sessionStorage.setItem(KEY, token);
}

export function forgetToken(): void {
  sessionStorage.removeItem(KEY);
}

/**
 * Keeps the token of `#token=…` and removes it from the address and from the history at once. A fragment never reaches
 * a server or its log.
 */
export function takeTokenFromAddress(): void {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token === null) return;
  history.replaceState(null, "", location.pathname + location.search);
  if (token !== "") keepToken(token);
}
