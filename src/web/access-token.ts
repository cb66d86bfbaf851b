/**
 * The access token of this browser tab. Session storage ends with the tab and is never sent anywhere
 * by the browser, unlike a cookie, so no other page can act in its name.
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
 * Keeps the token of `#token=…` and takes it out of the address at once, history entry included. A
 * fragment never reaches a server or its log.
 */
export function takeTokenFromAddress(): void {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token === null) return;
  history.replaceState(null, "", location.pathname + location.search);
  if (token !== "") keepToken(token);
}
