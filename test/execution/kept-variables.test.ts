import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type DocumentNode, execute as executeByTheBook, parse } from 'graphql';
import { expect, test } from 'vitest';
import { execute } from '../../src/execution/execute.ts';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import type { SessionRepository } from '../../src/repository/repository.ts';
import { createContext } from '../../src/schema/context.ts';
import { schema } from '../../src/schema/index.ts';
import { openTestRepository } from '../support/repository.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const OPERATION = `query ($metadata: JSONObject) {
  sessions(filter: { metadata: $metadata }) { nodes { history { nodes { role } } } }
}`;

/** A weak reference to a value that was sent as a variable of an operation, which has ended. */
async function sendOnce(
  by: typeof execute,
  repository: SessionRepository,
  document: DocumentNode,
): Promise<WeakRef<object>> {
  const metadata = { key: 'value' };
  const contextValue = createContext({ repository, limits: DEFAULT_LIMITS });
  const result = await by({ schema, document, contextValue, variableValues: { metadata } });
  expect(result).toEqual({ data: { sessions: { nodes: [{ history: { nodes: [{ role: 'USER' }] } }] } } });
  return new WeakRef(metadata);
}

test.each([
  ['a plan', execute],
  ['graphql-js', executeByTheBook as typeof execute],
])('a document that is kept keeps nothing of the variables of %s', async (_name, by) => {
  const repository = await openTestRepository();
  await repository.create({
    id: 'a',
    metadata: { key: 'value' },
    messages: [{ role: 'USER', content: 'hello' }],
  });
  const document = parse(OPERATION);
  const sent = await sendOnce(by, repository, document);
  await expect
    .poll(async () => {
      await setImmediate();
      collectGarbage();
      return sent.deref() === undefined;
    })
    .toBe(true);
  expect(document.definitions).toHaveLength(1);
});
