import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type ArgumentRule, argumentRulesOf } from '../../src/schema/argument-rules.ts';
import { schema } from '../../src/schema/index.ts';
import { createRequestListener } from '../../src/server/node-handlers.ts';
import { send } from '../support/http-client.ts';
import { expectSame, openBothWays, openTree } from './both-ways.ts';
import { type Case, HANDED_ON, ID_BY_HASH, KNOWN, OWN, plain } from './requests.ts';
import { createTestLogger } from './support.ts';

const casesOf = (table: readonly Case[]) =>
  table.map(([name, sent, options = {}]) => [name, sent, options] as const);

describe('what the fast path answers itself from the second time on, as Yoga would', () => {
  test.each(casesOf(OWN))('%s', async (_name, sent, options) => {
    const ways = await openBothWays(await openTree(), options);
    const answers = await expectSame(ways, sent);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(ways.fast.handedOn()).toBe(1);
  });
});

describe('what the fast path hands on each time', () => {
  test.each(casesOf(HANDED_ON))('%s', async (_name, sent, options) => {
    const ways = await openBothWays(await openTree(), options);
    for (const { port } of [ways.yoga, ways.fast]) for (const known of KNOWN) await send(port, known);
    const before = ways.fast.handedOn();
    await expectSame(ways, sent);
    expect(ways.fast.handedOn() - before).toBe(3);
  });
});

test('the fast path answers a hash alone once Yoga has seen its document', async () => {
  const ways = await openBothWays(await openTree());
  const params = { variables: { id: 'root' }, extensions: ID_BY_HASH.extensions };
  await expectSame(ways, plain({ query: ID_BY_HASH.query, ...params }));
  const before = ways.fast.handedOn();
  const answers = await expectSame(ways, plain(params));
  expect(JSON.parse(answers[0]!.body.toString())).toMatchObject({ data: { session: { id: 'root' } } });
  expect(ways.fast.handedOn()).toBe(before);
});

test('constant arguments are checked once, whichever paths the requests of an operation take', async () => {
  const rules = argumentRulesOf(schema.getQueryType()!.getFields().sessions!) as ArgumentRule[];
  let runs = 0;
  rules.push(() => (runs += 1));
  onTestFinished(() => void rules.pop());
  const { logger } = createTestLogger();
  const server = createServer(createRequestListener({ repository: await openTree(), logger }));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const query = '{ sessions(first: 3) { totalCount } }';
  for (let time = 0; time < 5; time += 1) {
    expect((await send(port, plain({ query }))).status).toBe(200);
    const byYoga = { method: 'GET', path: `/graphql?query=${encodeURIComponent(query)}` };
    expect((await send(port, byYoga)).status).toBe(200);
  }
  expect(runs).toBe(1);
});
