import { expect, test } from 'vitest';
import { openStore } from './page.ts';

test('the explorer is one page at all of its paths, and lets nothing in from elsewhere', async () => {
  const { url } = await openStore();
  const answers = await Promise.all(
    ['/explorer/', '/explorer/t/some.id?s=other', '/explorer/search?q=a'].map((path) => fetch(url + path)),
  );
  const pages = await Promise.all(answers.map((answer) => answer.text()));
  expect(new Set(pages).size).toBe(1);
  for (const { status, headers } of answers) {
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(headers.get('cache-control')).toBe('no-cache');
    const policy = headers.get('content-security-policy')!;
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("require-trusted-types-for 'script'");
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
  }
  const tag = answers[0]!.headers.get('etag')!;
  expect((await fetch(`${url}/explorer/`, { headers: { 'if-none-match': tag } })).status).toBe(304);
});

test('the files of the page may be cached forever, and one that is not there is not the page', async () => {
  const { url } = await openStore();
  const page = await (await fetch(`${url}/explorer/`)).text();
  const files = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path!);
  expect(files.length).toBeGreaterThan(1);
  for (const file of files) {
    const { status, headers } = await fetch(url + file);
    expect({ file, status }).toEqual({ file, status: 200 });
    expect(headers.get('cache-control')).toContain('immutable');
  }
  expect((await fetch(`${url}/explorer/assets/none.js`)).status).toBe(404);
});

test('people who type the bare address, or leave out the slash, come to the explorer', async () => {
  const { url } = await openStore();
  for (const path of ['/', '/explorer']) {
    const { status, headers } = await fetch(url + path, { redirect: 'manual' });
    expect({ status, location: headers.get('location') }).toEqual({ status: 302, location: '/explorer/' });
  }
});
