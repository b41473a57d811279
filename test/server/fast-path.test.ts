import { describe, expect, test } from 'vitest';
import { send } from '../support/http-client.ts';
import { expectSame, openBothWays, openTree } from './both-ways.ts';
import { type Case, HANDED_ON, KNOWN, OWN } from './requests.ts';

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

describe('what it hands on each time', () => {
  test.each(casesOf(HANDED_ON))('%s', async (_name, sent, options) => {
    const ways = await openBothWays(await openTree(), options);
    for (const { port } of [ways.yoga, ways.fast]) for (const known of KNOWN) await send(port, known);
    const before = ways.fast.handedOn();
    await expectSame(ways, sent);
    expect(ways.fast.handedOn() - before).toBe(3);
  });
});
