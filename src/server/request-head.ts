import type { IncomingMessage } from 'node:http';
import { pathOf, pathOfTarget } from './paths.ts';
import { clientAddress, forwardedOf } from './proxy/client-address.ts';
import { targetOf } from './request-target.ts';

/** What is known of a request before its body is read, independent of the HTTP server. */
export interface RequestHead {
  /** GET stands for HEAD, too: HEAD is answered as GET is. */
  readonly method: string;
  /** The path as it was sent, without the query. */
  readonly path: string;
  /** The Host header; without one, the authority of the URL. */
  readonly host: string;
  /** The value of a header, whose name is in lower case. */
  readonly header: (name: string) => string | null | undefined;
  /** The remote address; undefined over a Unix socket, or without a connection. */
  readonly address: string | undefined;
  /** The address of the client; differs from `address` behind a trusted proxy. */
  readonly client: string | undefined;
  /** The scheme of the URL that the client used, as a trusted proxy says; null if none does. */
  readonly scheme: 'http' | 'https' | null;
  /** True for the request that opens a WebSocket. Its method and its Accept say nothing of the operations that follow. */
  readonly isUpgrade: boolean;
}

/** The head of a request of node:http, after `settleTarget`. */
export function headOfMessage(message: IncomingMessage): RequestHead {
  const { method = '', headers, socket } = message;
  return {
    method: method === 'HEAD' ? 'GET' : method,
    path: pathOfTarget(targetOf(message)),
    host: headers.host ?? '',
    header: (name) => headers[name] as string | undefined,
    address: socket.remoteAddress,
    client: clientAddress(message),
    scheme: forwardedOf(message)?.scheme ?? null,
    isUpgrade: false,
  };
}

/** The same of a request that opens a WebSocket. */
export function headOfUpgrade(message: IncomingMessage): RequestHead {
  return { ...headOfMessage(message), isUpgrade: true };
}

/** The head of a request of the Fetch API, with its remote address, if that is known. */
export function headOfRequest({ method, url, headers }: Request, address: string | undefined): RequestHead {
  return {
    method: method === 'HEAD' ? 'GET' : method,
    path: pathOf(url),
    host: headers.get('host') ?? url.split('/', 3)[2] ?? '',
    header: (name) => headers.get(name),
    address,
    client: address,
    scheme: null,
    isUpgrade: false,
  };
}
