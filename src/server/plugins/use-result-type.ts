import { type FetchAPI, isAsyncIterable, processRegularResult } from 'graphql-yoga';
import type { Logger } from '../../repository/observer.ts';
import { EVENT_STREAM, RESULT_TYPES, resultType, takesEventStream } from '../accept.ts';
import type { ServerPlugin } from '../plugin.ts';
import { writeAnswer } from '../write-answer.ts';

export interface ResultTypeOptions {
  readonly answerBytes: number;
  readonly logger: Logger;
}

/**
 * Answers in the media type that the client prefers. Yoga itself ignores `q`, and would stream a single result to a client that also
 * takes JSON. The stream of a subscription is Yoga's: requests of node:http for one do not get here.
 */
export function useResultType({ answerBytes, logger }: ResultTypeOptions): ServerPlugin {
  return {
    onResultProcess({ request, result: given, setResultProcessor, serverContext: { facts } }) {
      const accept = request.headers.get('accept');
      const type = resultType(accept) ?? (takesEventStream(accept) ? EVENT_STREAM : null);
      if (type === null || isAsyncIterable(given)) return;
      setResultProcessor(async (result, fetchAPI, accepted) => {
        // Without data, the errors decide on the status. Such an answer is short.
        if (!('data' in result)) {
          // Of a stream that does not begin, the client sees the status.
          const shown = accepted === EVENT_STREAM ? RESULT_TYPES[1] : accepted;
          return processRegularResult(result, fetchAPI, shown);
        }
        const json = await writeAnswer(result, facts, answerBytes, logger);
        const answer = accepted === EVENT_STREAM ? asEvents(json) : json;
        const headers = { 'content-type': `${accepted}; charset=utf-8` };
        if (typeof answer === 'string') return new fetchAPI.Response(answer, { headers });
        const bytes = answer.reduce((sum, { length }) => sum + length, 0);
        return new fetchAPI.Response(streamOf(answer, fetchAPI), {
          headers: { ...headers, 'content-length': String(bytes) },
        });
      }, type);
    },
  };
}

/** The pieces of a large answer one by one: joined, they would be in memory twice. */
function streamOf(pieces: readonly Buffer[], { ReadableStream }: FetchAPI): ReadableStream<Uint8Array> {
  let next = 0;
  return new ReadableStream({
    pull(controller) {
      const piece = pieces[next];
      next += 1;
      if (piece) controller.enqueue(piece);
      else controller.close();
    },
  });
}

/** A single result as the events of a stream that is over, as graphql-sse's "distinct connections mode" has it. */
function asEvents(json: string | readonly Buffer[]): string | readonly Buffer[] {
  if (typeof json === 'string') return `${BEFORE_RESULT}${json}${AFTER_RESULT}`;
  return [Buffer.from(BEFORE_RESULT), ...json, Buffer.from(AFTER_RESULT)];
}

// JSON has no line breaks: each would need another "data:".
const BEFORE_RESULT = 'event: next\ndata: ';
const AFTER_RESULT = '\n\nevent: complete\ndata:\n\n';
