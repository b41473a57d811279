import type { HttpRequest } from './peer.ts';

export function get(path: string): HttpRequest {
  return { method: 'GET', path };
}

export function post(path: string, body: object): HttpRequest {
  return {
    method: 'POST',
    path,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  };
}
