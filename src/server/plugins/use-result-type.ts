import { type FetchAPI, processRegularResult } from 'graphql-yoga';
import type { Logger } from '../../repository/observer.ts';
import { resultType } from '../accept.ts';
import type { ServerPlugin } from '../plugin.ts';
import { writeAnswer } from '../write-answer.ts';

export interface ResultTypeOptions {
  readonly answerBytes: number;
  readonly logger: Logger;
}

/** Answers in the media type that the client prefers. Yoga itself ignores `q`, and would stream a single result. */
export function useResultType({ answerBytes, logger }: ResultTypeOptions): ServerPlugin {
  return {
    onResultProcess({ request, setResultProcessor, serverContext: { facts } }) {
      const type = resultType(request.headers.get('accept'));
      if (type === null) return;
      setResultProcessor(async (result, fetchAPI, accepted) => {
        // Without data, the errors decide on the status. Such an answer is short.
        if (!('data' in result)) return processRegularResult(result, fetchAPI, accepted);
        const answer = await writeAnswer(result, facts, answerBytes, logger);
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
