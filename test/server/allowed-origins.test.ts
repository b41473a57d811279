import { describe, expect, test } from 'vitest';
import { createOriginCheck, parseOrigin } from '../../src/server/allowed-origins.ts';

test('what can be no origin is refused with what came, before the advice', () => {
  expect(() => createOriginCheck(['app.example'])).toThrow(
    /^Expected an origin such as .*, without a path, got "app\.example"\. Write https:\/\/\*\./,
  );
});

describe('an allowed origin is read as browsers write it', () => {
  test.each([
    ['https://app.example', 'https://app.example'],
    ['https://app.example/', 'https://app.example'],
    [' HTTPS://App.Example ', 'https://app.example'],
    ['https://app.example:443', 'https://app.example'],
    ['http://app.example:80', 'http://app.example'],
    ['http://app.example:443', 'http://app.example:443'],
    ['http://localhost:5173', 'http://localhost:5173'],
    ['http://[0:0::1]:5173', 'http://[::1]:5173'],
    ['http://127.1:5173', 'http://127.0.0.1:5173'],
    ['https://bücher.example', 'https://xn--bcher-kva.example'],
    ['tauri://localhost', 'tauri://localhost'],
    ['capacitor://localhost', 'capacitor://localhost'],
    ['app://.', 'app://.'],
    ['app://obsidian.md', 'app://obsidian.md'],
    ['vscode-webview://1a2b', 'vscode-webview://1a2b'],
    ['vscode-webview://*', 'vscode-webview://*'],
    ['chrome-extension://abcdefghijklmnop', 'chrome-extension://abcdefghijklmnop'],
    ['moz-extension://D8F9-4', 'moz-extension://d8f9-4'],
    ['https://*.app.example', 'https://*.app.example'],
    ['https://*.app.example:443/', 'https://*.app.example'],
    ['http://*.localhost:3000', 'http://*.localhost:3000'],
  ])('%s', (text, expected) => {
    expect(parseOrigin(text)).toBe(expected);
  });
});

test.each([
  ...[
    '',
    '*',
    'null',
    'app.example',
    'localhost:5173',
    'https://',
    'https://app.example/path',
    'https:app.example',
  ],
  ...[
    'https://app.example?x',
    'https://app.example#x',
    'https://user@app.example',
    'https://:pw@app.example',
  ],
  ...[
    'https://app.example:99999',
    'https://a b',
    'https://app.example\\x',
    'https://1.2.3.999',
    'https://a;b',
  ],
  ...['https://*', 'https://*:443', 'https://*.com', 'https://*.com.', 'https://*.x', 'https://*app.example'],
  ...[
    'https://app.*.example',
    'https://*.*.example',
    'https://app.example:*',
    'https://*.127.0.0.1',
    'https://*.[::1]',
  ],
  ...[
    '*://app.example',
    'file://',
    'file:///home',
    'data:text/html',
    'ws://app.example',
    'wss://app.example',
  ],
  ...['tauri://', 'tauri://localhost/index.html', 'tauri://*.localhost', 'chrome-extension://a*'],
])('%j is refused, for no page would ever match it', (text) => {
  expect(parseOrigin(text)).toBeNull();
  expect(() => createOriginCheck([text])).toThrow(`got ${JSON.stringify(text)}.`);
});

describe('a star stands for one label or more below the domain', () => {
  const isAllowed = createOriginCheck([
    'https://*.app.example',
    'http://*.dev.example:3000',
    'vscode-webview://*',
  ])!;
  test.each([
    'https://a.app.example',
    'https://a.b.app.example',
    'https://pr-12--x_y.app.example',
    'http://a.dev.example:3000',
    'vscode-webview://1qfh8c2',
    'VSCODE-webview://1QFH',
  ])('and allows %s', (origin) => {
    expect(isAllowed(origin)).toBe(true);
  });
  test.each([
    ...['https://app.example', 'https://.app.example', 'https://a.app.example:8443', 'http://a.app.example'],
    ...['https://evilapp.example', 'https://a.app.example.evil.example', 'https://evil.example/.app.example'],
    ...[
      'https://evil.example#.app.example',
      'https://evil@a.app.example',
      'https://a..app.example',
      'https://*.app.example',
    ],
    ...['http://a.dev.example', 'vscode-webview://', 'vscode-webviews://a', 'null', ''],
  ])('and does not allow %s', (origin) => {
    expect(isAllowed(origin)).toBe(false);
  });
});
