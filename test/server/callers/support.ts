import type { Caller, Scope } from '../../../src/model/caller.ts';
import { DEFAULT_LIMITS, type Limits } from '../../../src/model/limits.ts';
import { type AuthServer, bearer, openAuthServer } from '../auth/support.ts';
import { openSocket } from '../live/support.ts';
import { JSON_TYPE } from '../support.ts';

export interface Answer<Data = unknown> {
  readonly status: number;
  /** Seconds; null without the header. */
  readonly retryAfter: number | null;
  readonly code?: string | undefined;
  readonly message?: string | undefined;
  readonly data?: Data;
}

/** A user with a token. */
export interface User {
  readonly authorization: string;
  post<Data>(query: string, variables?: object, headers?: Record<string, string>): Promise<Answer<Data>>;
  /** A WebSocket whose connection is acknowledged. */
  socket(): ReturnType<typeof openSocket>;
}

export interface Callers extends AuthServer {
  user(userId: string, scope?: Scope, more?: Partial<Pick<Caller, 'subtreeId'>>): Promise<User>;
}

/** A server with authentication, and two users on it. */
export async function openCallers(limits: Partial<Limits>): Promise<Callers & { ada: User; bob: User }> {
  const server = await openAuthServer({ kind: 'token' }, { limits: { ...DEFAULT_LIMITS, ...limits } });
  const { url, tokens } = server;
  const user: Callers['user'] = async (userId, scope = 'write', more = {}) => {
    const authorization = bearer((await tokens.mint({ userId, scope, ...more })).token);
    return {
      authorization,
      async post<Data>(query: string, variables: object = {}, headers: Record<string, string> = {}) {
        const body = JSON.stringify({ query, variables });
        const response = await fetch(url, {
          method: 'POST',
          headers: { ...JSON_TYPE, authorization, ...headers },
          body,
        });
        return answerOf<Data>(response);
      },
      socket: () => openSocket(url.replace('http', 'ws'), { headers: { authorization } }),
    };
  };
  return { ...server, user, ada: await user('ada'), bob: await user('bob') };
}

export async function answerOf<Data>(response: Response): Promise<Answer<Data>> {
  const { data, errors } = (await response.json()) as {
    data?: Data;
    errors?: { message: string; extensions: { code: string } }[];
  };
  const retryAfter = response.headers.get('retry-after');
  return {
    status: response.status,
    retryAfter: retryAfter === null ? null : Number(retryAfter),
    code: errors?.[0]?.extensions.code,
    message: errors?.[0]?.message,
    ...(data !== undefined && { data }),
  };
}

export const RATE_LIMITED = { status: 429, code: 'RATE_LIMITED' };
