import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { handleProtocols } from 'graphql-ws';
import { type ServerOptions, WebSocketServer } from 'ws';
import type { Admission } from '../admission/admission.ts';
import { answerSocket } from '../answer-socket.ts';
import type { CheckOperation } from '../check-operation.ts';
import { bugOf, maskResult } from '../mask-result.ts';
import { pathOfTarget } from '../paths.ts';
import { badRequest, type Refusal } from '../refusal.ts';
import { factsOfMessage, type RequestFacts } from '../request-facts.ts';
import { headOfUpgrade } from '../request-head.ts';
import { logRequest } from '../request-log.ts';
import type { RequestRules } from '../request-rules.ts';
import { targetOf } from '../request-target.ts';
import type { ServerSettings } from '../settings.ts';
import type { Live } from './live.ts';
import { TOO_MANY_SUBSCRIPTIONS } from './refusals.ts';
import { SocketConnection } from './socket-connection.ts';
import { createSocketProtocol } from './socket-protocol.ts';
import { createSocketExecutor } from './socket-requests.ts';

/** A listener for the event 'upgrade' of a server of node:http. */
export type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

export interface WebSocketOptions {
  readonly settings: ServerSettings;
  readonly rules: Pick<RequestRules, 'checks' | 'settle'>;
  readonly admission: Admission;
  readonly live: Live;
  readonly checkOperation: CheckOperation;
  /** The refusal of a connection for which there is no room, if there is none. */
  readonly refusalOf?: (socket: Socket) => Refusal | undefined;
}

/** Milliseconds that a client has to answer that its connection is being closed. */
const CLOSE_MS = 2_000;

/**
 * Creates the listener that opens WebSockets for operations, by the protocol `graphql-transport-ws`. The request that opens one meets the
 * policies for the head of a request; each operation meets the others.
 */
export function createWebSocketListener({
  settings,
  rules: { checks, settle },
  admission,
  live,
  checkOperation,
  refusalOf,
}: WebSocketOptions): UpgradeListener {
  const { limits, logger, authenticate } = settings;
  const execute = createSocketExecutor(settings, admission, checks);
  const protocol = createSocketProtocol({ live, settings, checks, checkOperation, execute });
  const options: ServerOptions & { readonly closeTimeout: number } = {
    noServer: true,
    clientTracking: false,
    // A compressor takes 300 kB for each connection.
    perMessageDeflate: false,
    maxPayload: Math.min(limits.socketMessageBytes, limits.bodyBytes),
    closeTimeout: CLOSE_MS,
    handleProtocols,
  };
  const server = new WebSocketServer(options);

  function refuse(request: IncomingMessage, socket: Duplex, refusal: Refusal, facts: RequestFacts): void {
    const { method = '' } = request;
    answerSocket(socket, refusal, { method, path: pathOfTarget(targetOf(request)) }, logger, facts);
  }

  function open(
    connection: SocketConnection,
    facts: RequestFacts,
    request: IncomingMessage,
  ): (code: number, reason: string) => void {
    const { method = '' } = request;
    const logged = { method, path: pathOfTarget(targetOf(request)), status: 101 };
    const closed = protocol.opened(connection, connection);
    live.connections.add(connection);
    logger.requestOpened?.(facts, logged);
    return (code, reason) => {
      live.connections.delete(connection);
      void closed(code, reason);
      logRequest(logger, facts, logged);
    };
  }

  // ws would answer with a page, and without a line in the log.
  server.on('wsClientError', ({ message }, socket, request) =>
    refuse(
      request,
      socket,
      badRequest(`Expected the handshake of a WebSocket (${message}).`),
      factsOfMessage(request, logger),
    ),
  );

  function answerBug(error: unknown, request: IncomingMessage, socket: Duplex, facts: RequestFacts): void {
    const { errors: [masked] = [] } = maskResult({ errors: [bugOf(error)] }, facts, logger);
    const message = masked?.message ?? '';
    refuse(request, socket, { status: 500, code: 'INTERNAL_SERVER_ERROR', message }, facts);
  }

  return (request, socket, head) => {
    // Before the facts, which have the address of the client.
    const unsettled = settle(request);
    const facts = factsOfMessage(request, logger);
    socket.on('error', () => socket.destroy());
    const upgradeUnless = (checked: Refusal | undefined) => {
      const refusal =
        checked ??
        refusalOf?.(socket as Socket) ??
        (live.connections.isFull ? TOO_MANY_SUBSCRIPTIONS : undefined);
      if (refusal) refuse(request, socket, refusal, facts);
      else upgrade(request, socket, head, facts);
    };
    try {
      const refusal = unsettled ?? checks.head(headOfUpgrade(request), facts);
      if (refusal instanceof Promise)
        refusal.then(upgradeUnless).catch((error) => answerBug(error, request, socket, facts));
      else upgradeUnless(refusal);
    } catch (error) {
      // Nobody else would catch it.
      answerBug(error, request, socket, facts);
    }
  };

  function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, facts: RequestFacts): void {
    server.handleUpgrade(request, socket, head, (ws) => {
      const openedBy = headOfUpgrade(request);
      const isKnown = !authenticate || Boolean(openedBy.header('authorization'));
      const caller = isKnown ? facts.caller : null;
      const connection = new SocketConnection(
        ws,
        socket as Socket,
        { head: openedBy, facts, caller },
        limits,
      );
      const closed = open(connection, facts, request);
      ws.on('error', () => {
        // ws closes the connection, with the code that fits: the client sent what is no WebSocket, or too much at once.
      });
      ws.once('close', (code, reason) => closed(code, reason.toString()));
    });
  }
}
